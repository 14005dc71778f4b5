#!/bin/bash
# What:    takes the module and the authorities by hand, as the guide says, and then the card's certificate
# Client:  Thunderbird
# Needs:   debian:thunderbird debian:thunderbird-l10n-fr debian:openssl debian:opensc debian:xvfb debian:openbox debian:xdotool debian:dbus debian:at-spi2-core debian:python3-pyatspi debian:imagemagick debian:pngquant debian:optipng debian:fonts-dejavu-core
# Run:     all
# Module:  ours
source "$CHECKS/lib.sh"
source "$CHECKS/thunderbird.sh"

# authorities_file: every authority in one file, as IGC-Santé publishes its own; the root of the persons first, for
# Thunderbird asks about the first one.
authorities_file() {
    local one
    csplit --quiet --elide-empty-files --prefix authority- "$CARD_AUTHORITIES" '/BEGIN CERTIFICATE/' '{*}'
    for one in authority-*; do
        openssl x509 -in "$one" -noout -subject | grep -q 'RACINE IGC-SANTE FORT' && cat "$one"
    done >roots-first.pem
    cat "$CARD_AUTHORITIES" >>roots-first.pem
    openssl crl2pkcs7 -nocrl -certfile roots-first.pem -outform DER -out authorities.p7b
}

# Where the README puts it.
installed=$LIBRARIES/pkcs11/${MODULE##*/}
mkdir -p "${installed%/*}"
mount -t tmpfs tmpfs "${installed%/*}"
cp "$MODULE" "$installed"
authorities_file
desktop 1280x1400
thunderbird_account
thunderbird_opens

at_desktop press '^(Paramètres|Settings)$'
# A search that begins before the page is whole finds nothing, and stays so.
for _ in {1..10}; do
    at_desktop click '^entry: (Rechercher dans les paramètres|Find in Settings)'
    keys ctrl+a
    types OCSP
    if PATIENCE=20 at_desktop wait '^push button: (Périphériques de sécurité…|Security Devices…)$'; then break; fi
done
at_desktop press '^(Périphériques de sécurité…|Security Devices…)$'
at_desktop press '^(Charger|Load)$'
at_desktop wait '^entry: (Nom de fichier du module|Module filename)'
keys ctrl+a
types CPx
keys Tab
types "$installed"
picture_of module '^frame: (Charger le pilote|Load PKCS)'
keys Return
at_desktop wait '^tree item: CPx$'
at_desktop wait '^tree item: Virtual PCD 00 00$'
picture_of devices '^dialog: (Gestionnaire de périphériques|Device Manager)'
at_desktop press '^OK$'
picture_of settings '^panel: (Certificats|Certificates)$' '^push button: (Périphériques de sécurité…|Security Devices…)$'

at_desktop press '^(Gérer les certificats…|Manage Certificates…)$'
at_desktop click '^page tab: (Autorités|Authorities)$'
at_desktop press '^(Importer…|Import…)$'
at_desktop wait '^file chooser: '
# The first stroke opens a field, which takes its time.
types /
at_desktop wait '^text: /$'
types "${WORK#/}/authorities.p7b"
keys Return
at_desktop wait 'LAB AC RACINE IGC-SANTE FORT'
keys space Tab space
picture_of authority '^[a-z]*: (Téléchargement du certificat|Downloading Certificate)'
keys Return
at_desktop wait '^table row: LAB AC IGC-SANTE FORT PERSONNES'
at_desktop press '^OK$'

at_desktop click "^page tab: $HOLDER_ADDRESS"
choose_signature_certificate
