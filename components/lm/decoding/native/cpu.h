/* What the processor and the system allow. */
#pragma once

/* The highest `enum level` that can run here. */
int cpu_level(void);
