#!/bin/bash
# What:    signs a PDF with the signature key; OpenSSL verifies what it signed
# Client:  pdfsig (Poppler with NSS)
# Needs:   debian:poppler-utils debian:libnss3-tools debian:opensc debian:openssl debian:python3
# Run:     ci
source "$CHECKS/lib.sh"
source "$CHECKS/nss-database.sh"

# A page with one word on it.
python3 - <<'PYTHON'
text = b"BT /F1 24 Tf 72 720 Td (Bonjour) Tj ET"
objects = [
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
]
pdf, places = b"%PDF-1.7\n", []
for number, content in enumerate(objects, 1):
    places.append(len(pdf))
    pdf += b"%d 0 obj\n%s\nendobj\n" % (number, content)
table = b"".join(b"%010d 00000 n \n" % place for place in places)
end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
open("page.pdf", "wb").write(pdf + end % (len(objects) + 1, table, len(objects) + 1, len(pdf)))
PYTHON

nss_database
nick="$(token_label):$SIGNATURE_LABEL"
pdfsig -nssdir "sql:$NSS" -nss-pwd "$PIN" -list-nicks
pdfsig -nssdir "sql:$NSS" -nss-pwd "$PIN" -nick "$nick" -kpw "$PIN" -add-signature page.pdf signed.pdf

# What was signed: the file but for the signature itself, behind which there are zeros.
python3 - <<'PYTHON'
import re
pdf = open("signed.pdf", "rb").read()
[ranges] = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", pdf)
start, length, second, rest = map(int, ranges)
assert start == 0 and second + rest == len(pdf), "all of the file is signed"
open("document", "wb").write(pdf[:length] + pdf[second:])
open("document.p7s", "wb").write(bytes.fromhex(pdf[length:second].strip(b"<>").decode()))
PYTHON
verify_cms document.p7s "$SIGNATURE_CERTIFICATE" document
