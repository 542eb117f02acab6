"""What the picture says of itself to programs: that a machine wrote it."""

import io
from xml.sax.saxutils import escape

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from components.contracts.mark import DIGITAL_SOURCE_TYPE
from components.marking.xmp import KEYWORD

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
<xmp:CreatorTool>huggingtweets</xmp:CreatorTool>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<Iptc4xmpCore:AltTextAccessibility>
<rdf:Alt><rdf:li xml:lang="x-default">{alt}</rdf:li></rdf:Alt>
</Iptc4xmpCore:AltTextAccessibility>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def labelled(png: bytes, title: str, alt: str) -> bytes:
    """The same picture with an XMP packet: its source in IPTC's words, its title and its text."""
    packet = _PACKET.format(source_type=DIGITAL_SOURCE_TYPE, title=escape(title), alt=escape(alt))
    chunks = PngInfo()
    chunks.add_itxt(KEYWORD, packet)
    written = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(written, "PNG", optimize=True, pnginfo=chunks)
    return written.getvalue()
