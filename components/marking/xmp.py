"""What a picture of machine-written text says of itself, in the form that programs read."""

from components.contracts.mark import DIGITAL_SOURCE_TYPE

KEYWORD = "XML:com.adobe.xmp"
"""Under which a PNG holds XMP, in an iTXt chunk (XMP specification, part 3)."""
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}"/>'
    "</rdf:RDF></x:xmpmeta>"
)
"""XMP with IPTC's digital source type (iptc.org/std/photometadata)."""
