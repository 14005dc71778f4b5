"""Makes a PDF of one page and signs it (PAdES-B-B) to "signed.pdf". Usage: MODULE PIN AUTHORITIES CERTIFICATE-LABEL"""

import sys
from io import BytesIO
from pathlib import Path

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

module, pin, authorities, label = sys.argv[1:]


def one_page() -> BytesIO:
    writer = PdfFileWriter(stream_xrefs=False)
    text = generic.StreamObject(stream_data=b"BT /F1 24 Tf 72 720 Td (Bonjour) Tj ET")
    font = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Font"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/Type1"),
            generic.pdf_name("/BaseFont"): generic.pdf_name("/Helvetica"),
        }
    )
    fonts = generic.DictionaryObject({generic.pdf_name("/F1"): writer.add_object(font)})
    resources = generic.DictionaryObject({generic.pdf_name("/Font"): fonts})
    box = generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842)))
    writer.insert_page(PageObject(contents=writer.add_object(text), media_box=box, resources=resources))
    out = BytesIO()
    writer.write(out)
    out.seek(0)
    return out


session = open_pkcs11_session(module, slot_no=0, user_pin=pin)
signer = PKCS11Signer(
    session,
    cert_label=label,
    key_label="CPS_PRIV_SIG",
    ca_chain=list(load_certs_from_pemder([authorities])),
    prefer_pss=False,
)
metadata = PdfSignatureMetadata(field_name="Signature", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
signed = sign_pdf(IncrementalPdfFileWriter(one_page()), metadata, signer=signer)
Path("signed.pdf").write_bytes(signed.getbuffer())
