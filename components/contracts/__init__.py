"""What passes between the stages: names, records, reports and errors. Imports nothing of ours."""
