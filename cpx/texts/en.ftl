# The texts of cpx in English. Each key stands in fr.ftl too; a test checks it.

## Help

help-usage = Usage:
help-commands = Commands
help-command = COMMAND
help-options = Options
help-arguments = Arguments
man-name = Name
man-synopsis = Synopsis
man-version = Version
man-exit-codes = Exit codes
help-exit-codes =
    Exit codes:
      0  all is well
      1  wrong command line
      2  no reader, or the PC/SC service does not answer
      3  no card
      4  foreign or unusable card
      5  PIN refused
      6  PIN or unblocking code blocked
      7  certificate or signature not valid
      8  not possible with this chip
      9  a file or a program is the cause
     10  doctor found something
    130  interrupted

cmd-about = The health professional's card: what is on it, its PIN, signed documents, and why something does not work.
cmd-long = Without a command: "cpx status".
cmd-status-about = Readers, cards, tries of the PIN and end of the certificates
cmd-show-about = The holder and the data of the card, decoded
cmd-cert-about = Certificates of the card
cmd-cert-list-about = List the certificates
cmd-cert-export-about = Write a certificate, in PEM or DER
cmd-key-about = Keys of the card
cmd-key-list-about = PKCS #11 URIs of the keys, ready to be copied
cmd-pin-about = PIN: change, unblock, check
cmd-pin-change-about = Change the PIN
cmd-pin-unblock-about = Unblock the PIN with the unblocking code
cmd-pin-check-about = Check the PIN; a wrong one costs a try

cmd-sign-about = Sign a document with the signature key (CMS)
cmd-verify-about = Check a signed document, point by point
cmd-encrypt-about = Encipher a document for certificates (CMS)
cmd-decrypt-about = Decipher a document with the authentication key
cmd-doctor-about = Say why the card does not work, and what to do
cmd-setup-about = Let a program find the card: firefox, thunderbird, chromium, openssl, p11-kit, ssh, git, java
cmd-manual-about = Write man pages and completions below a directory, as /usr/share has them

arg-report = Write a text for the support, with nothing personal in it
arg-root = Look at the system below this directory, such as a mounted one
arg-program = firefox, thunderbird, chromium, openssl, p11-kit, ssh, git or java
arg-everybody = For everybody at this machine
arg-user = For this person alone
arg-undo = Put everything back as it was
arg-dry-run = Show what would change, and write nothing
arg-keep-one = p11-kit: keep other modules for the same card away
arg-file = The document
arg-attached = Put the document into the signature's file
arg-signature = The signature (else FILE.p7s, or in FILE itself)
arg-to = Certificate of a recipient, PEM or DER; may be repeated
arg-trust = Trusted authorities, PEM or DER (else those of the system)
arg-crl = List of revoked certificates of the authority
arg-directory = Directory to write to
arg-lang = Language: fr or en (else that of the environment)
arg-module = PKCS #11 module to use in place of the installed one
arg-reader = Reader: its number, or a part of its name
arg-json = Answer for programs, never translated
arg-color = Colours: auto, always or never
arg-help = Show this help
arg-version = Show the version
arg-protected = The protected data too; asks for the PIN
arg-pin-file = Read the PIN from the first line of this file
arg-pin-fd = Read the PIN from this file descriptor
arg-pinentry = Ask for the PIN in a window, with pinentry or this program
arg-last-try = Agree to use the last try without written confirmation
arg-new-pin-file = Read the new PIN from this file
arg-new-pin-fd = Read the new PIN from this file descriptor
arg-puk-file = Read the unblocking code from this file
arg-puk-fd = Read the unblocking code from this file descriptor
arg-which = Which certificate: authentication, signature or technical
arg-out = File to create (else the standard output)
arg-der = In DER (else in PEM)
arg-chain = Add the authorities of this PEM file that issued the certificate

usage-unknown = Unknown: { $what }
    .next = "cpx --help" lists commands and options.
usage-missing = Missing: { $what }
    .next = "cpx --help" lists commands and options.
usage-value = "{ $value }" does not do for { $what }
    .next = "cpx --help" lists commands and options.
usage-conflict = { $what } does not go with { $other }
    .next = Choose one of the two options.
usage-other = Wrong command line
    .next = "cpx --help" lists commands and options.

## Words

yes = yes
date = { $year }-{ $month }-{ $day }
reader = Reader
card = Card
holder = Holder
pin = PIN
puk = Unblocking
certificates = Certificates
certificate = certificate
private-key = private key
use-authentication = authentication
use-signature = signature
use-technical = technical (contactless)
card-number = no. { $number }
contactless = contactless
test-card = TEST card
bytes = { $number ->
    [0] empty
    [one] { $number } byte
   *[other] { $number } bytes
}

no-card-in-reader = none
mute-card = a card that does not answer: is it the right way up?
ignored-card = a card in a reader that the configuration leaves out (readers.ignore)
held-card = a card that another program keeps for itself
foreign-card = a card of another kind
foreign-vitale = a Vitale card
no-certificate = none on this card

tries-no-pin = no PIN
tries-all = 3 tries left
tries-fewer = 2 tries left
tries-last = only 1 try left
tries-none = blocked
tries-now = PIN: { $tries }.
puk-ready = unblocking code can be used
puk-fewer = unblocking code can be used, was mistyped before
puk-last = only 1 try of the unblocking code left
puk-blocked = The unblocking code is blocked.
    .next = This card can no longer be unblocked: order another one from the agency (esante.gouv.fr).

certificate-valid = valid until { $day } ({ $days ->
    [one] { $days } day
   *[other] { $days } days
})
certificate-soon = ends on { $day } ({ $days ->
    [0] today
    [one] in { $days } day
   *[other] in { $days } days
})
certificate-expired = expired on { $day }
certificate-not-yet = not valid yet: begins on { $day }

## show

chip = Chip
number = Number
card-type = Type
category = Category
number-on-card = No. in certificates
surname = Surname
given-name = Given name
organisation = Structure
title = Title
profession = Profession
specialities = Specialities
identifier = Identifier
extension = Extension { $oid }
check-digit-right = check digit right
check-digit-wrong = check digit WRONG
situation = Exercise situation { $number }
structure = structure
structure-id = identifier
sector = sector
field = field { $tag }
data = Data on the card
show-more = The situations of exercise and of billing need the PIN: cpx show --protected
id-adeli = ADELI
id-practice-adeli = ADELI of the practice
id-drass = DRASS
id-finess = FINESS
id-siren = SIREN
id-siret = SIRET
id-practice-rpps = RPPS of the practice
id-rpps = RPPS
id-student = student
id-unknown = identifier
id-register = {" "}(register: { $number })

## cert, key

validity = validity
begins = begins
issuer = issuer
serial = serial no.
key = key
rsa-key = RSA, { $bits } bits
sha256 = SHA-256
written = Written: { $path }
key-help =
    Examples
      openssl  -key "{ $uri }" (provider or engine pkcs11)
      curl     --key "{ $uri }"
      p11tool  --provider "{ $module }" --info "{ $uri }"
      ssh      ssh -I "{ $module }" user@server

## PIN

ask-pin = PIN
ask-new-pin = New PIN
ask-new-pin-again = New PIN, once more
ask-puk = Unblocking code (8 digits)
pinentry-title = Health professional's card
check-costs = This command presents the PIN to the card: a wrong one costs a try.
last-try-pin =
    Only ONE try is left. A wrong PIN blocks the card, which then needs the unblocking code.
    To go on, write "yes":
last-try-puk =
    Only ONE try is left. After a wrong code the card can never be unblocked again.
    To go on, write "yes":
busy-reading = Reading the card
busy-pin = The card is at work
pin-right = The PIN is right.
pin-changed = The PIN is changed.
pin-unblocked = The PIN is unblocked.

pin-form = A PIN has { $least } to { $most } digits. Nothing was sent to the card, no try is lost.
    .next = Check what you typed.
pin-cancelled = Entry given up. Nothing was sent to the card, no try is lost.
pins-differ = The two entries of the new PIN differ. Nothing was changed.
    .next = Begin again.
pin-refused = Wrong PIN. 2 tries are left. Nothing was changed.
    .next = Find the right PIN before you try again; after 3 mistakes the card blocks it.
pin-refused-last = Wrong PIN. Only ONE try is left. Nothing was changed.
    .next = Find the right PIN before you try again: one more mistake blocks the card.
pin-blocked-now = Wrong PIN. The PIN is now blocked.
    .next = Unblock it with the 8-digit unblocking code: cpx pin unblock
pin-blocked = The PIN is blocked. Nothing was sent to the card.
    .next = Unblock it with the 8-digit unblocking code: cpx pin unblock
pin-not-taken = The card does not take this new PIN. The old one stays.
    .next = Choose another one.
pin-length-refused = The card does not take a PIN of this length. The old one stays.
    .next = Choose another one.
puk-refused = Wrong unblocking code. The PIN stays blocked.
    .next = Find the right code before you try again.
puk-refused-last = Wrong unblocking code. Only ONE try is left.
    .next = Find the right code before you try again: one more mistake ruins the card.
last-try-refused = The last try is not used. Nothing was sent to the card.
    .next = Find the right PIN first.
last-try-unconfirmed = Only one try is left, and nobody is there to confirm. Nothing was sent to the card.
    .next = Do it in a terminal, or add --last-try if you are certain of the PIN.
no-pin = Read in this way, this card has no PIN (contactless).
    .next = Put the card into a reader with contacts.
no-terminal = Nobody can type the PIN: there is no terminal.
    .next = Use --pin-file, --pin-fd or --pinentry.
pinentry-fails = The entry program { $program } does not answer. Nothing was sent to the card.
    .next = Install pinentry (package pinentry-gnome3 or pinentry-qt), or run cpx in a terminal.

interrupted = Interrupted. The card is closed.
interrupted-pin = Interrupted while the card changed the PIN: the change may have been made or not. The card is closed. Try the new PIN first: cpx pin check

## Reader and card

no-service = The PC/SC service (pcscd) does not answer.
    .next = Start it: sudo systemctl enable --now pcscd.socket (package pcscd). "cpx doctor" says more.
service-refuses = The PC/SC service (pcscd) refuses this user.
    .next = Log in at the machine itself, or ask the administrator for a polkit rule. "cpx doctor" says more.
service-silent = The PC/SC service (pcscd) takes the connection and does not answer.
    .next = Restart it: sudo systemctl restart pcscd
service-fails = The PC/SC service (pcscd) fails: { $reason }
    .next = "cpx doctor" looks for the cause.
no-reader = No card reader.
    .next = Plug a reader in. If it is: cpx doctor
no-such-reader = No reader is called "{ $wanted }".
    .next = Readers here: { $readers }
no-card = No card in the reader.
    .next = Put the card in, chip first.
card-gone = The card is no longer in the reader. It is closed.
    .next = Put it back and begin again.
several-cards = There are several cards: { $readers }
    .next = Choose one with --reader.
card-mute = The card does not answer (reader { $reader }).
    .next = Check which way up it is, clean the chip, try another reader.
reader-ignored = The configuration of the module leaves the reader { $reader } out.
    .next = Look for readers.ignore in ~/.config/cpx-pkcs11/config.toml and /etc/cpx-pkcs11/config.toml.
card-held = Another program keeps the card for itself (reader { $reader }).
    .next = Often scdaemon (GnuPG): gpgconf --kill scdaemon
only-vitale = The card in the reader { $reader } is a Vitale.
    .next = Put your professional card in.
only-foreign = The card in the reader { $reader } is not a health professional's.
    .next = Put your CPS, CPF, CPE, CDE or CPA card in.
card-unusable = This professional's card cannot be used.
    .next = An update of it may have been cut short: ask the agency (esante.gouv.fr).
login-lost = Another program closed the card. Nothing was changed.
    .next = Begin again.
card-fails = The card did not do what was asked ({ $reason }).
    .next = Take the card out, put it back and begin again; "cpx doctor" looks for the cause.
no-such-certificate = Read in this way, this card does not have that certificate.
    .next = "cpx cert list" lists those that it has.

## sign, verify

busy-signing = The card signs
signed = Signed: { $path }
sign-unencodable = The signature cannot be written.
    .next = Tell the project, with this document's size and kind.
sign-out-of-date = The signature certificate of this card is not valid today. Nothing was signed.
    .next = cpx doctor says more.
no-such-key = Read in this way, this card does not have that key.
    .next = "cpx key list" lists those that it has.
verify-signer = Signer: { $name }
verify-time = Signed, as the signer says: { $time }
verify-valid = The signature is valid.
verify-valid-with-limits = The signature is valid as far as it could be checked (see the lines with !).
verify-invalid = The signature is NOT valid.
point-format = Format: CMS
point-not-empty = A signature is there
point-certificate-present = The signer's certificate is there
point-signature-intact = Signature intact
point-document-intact = Document intact
point-signing-time = Signing time
point-in-date = The certificate is in date
point-non-repudiation = The certificate is for signing documents
point-trusted = Trusted authority
point-certificate-intact = The certificates are signed by their authorities
point-not-revoked = The certificate is not revoked
reason-not-cms = the file is no CMS signature, or is damaged
reason-no-signer = nobody has signed
reason-empty = it is empty
reason-no-certificate = it is not in the file
reason-algorithm = the algorithm is weak or unknown
reason-signature = it was not made with the key of this certificate
reason-document = the document is not the one that was signed
reason-no-document = there is no document
reason-no-time = none
reason-time-to-come = it is still to come
reason-not-yet = it is not valid yet
reason-expired = it has expired
reason-usage = it is for something else
reason-untrusted = none of those that are trusted (--trust FILE) has issued it
reason-damaged = the signature of an authority is wrong
reason-no-issuer = the authority is not at hand
reason-no-list = not checked: no list of its authority is given (--crl FILE)
reason-old-list = the list of its authority is out of date
reason-revoked = it was revoked

## encrypt, decrypt

busy-decrypting = The card deciphers
encrypted = Enciphered: { $path }
decrypted = Deciphered, for you alone: { $path }
encrypt-other-usage = The certificate { $path } is for signing documents: its key deciphers nothing.
    .next = Take the authentication certificate: cpx cert export authentication
encrypt-impossible = The document cannot be enciphered for these certificates.
    .next = Take certificates with an RSA key.
decrypt-not-cms = This file is no enciphered CMS document, or is damaged.
    .next = Ask for it again.
decrypt-algorithm = This document is enciphered in a way that this program does not know.
    .next = Ask for it with AES in CBC mode and RSA (PKCS #1 v1.5).
decrypt-out = Nobody knows how to name the deciphered document.
    .next = Name it with --out.
decrypt-not-for-card = This document is not enciphered for the card in the reader. Nothing was sent to the card.
    .next = Put in the card of the person that it is for.
decrypt-damaged = This document is damaged: it cannot be deciphered.
    .next = Ask for it again.

## doctor

busy-doctor = Looking for what may be wrong
doctor-sum = { $errors ->
    [0] No error
    [one] { $errors } error
   *[other] { $errors } errors
}, { $warnings ->
    [0] no warning
    [one] { $warnings } warning
   *[other] { $warnings } warnings
}.
doctor-report = report without names or numbers of persons and cards
doctor-system = { $system } · Linux { $kernel } · { $machine }
doctor-remote = Session over ssh

doctor-service = The PC/SC service (pcscd) answers, protocol { $version }.
doctor-service-absent = The PC/SC service (pcscd) is not installed.
    .next = Install it: sudo apt install pcscd (Fedora: pcsc-lite), then: sudo systemctl enable --now pcscd.socket
doctor-service-stopped = The PC/SC service (pcscd) is installed, and does not run.
    .next = Start it: sudo systemctl enable --now pcscd.socket
doctor-service-closed = The rights of the socket of pcscd keep this user out.
    .next = Restart it with the rights of its package: sudo systemctl restart pcscd.socket
doctor-service-silent = The PC/SC service (pcscd) takes the connection and does not answer.
    .next = Restart it: sudo systemctl restart pcscd
doctor-service-full = The PC/SC service (pcscd) turns every program away: it has too many clients, or refuses this user.
    .next = Close programs that use cards, or restart it: sudo systemctl restart pcscd
doctor-service-refuses = The PC/SC service (pcscd) refuses this user (polkit).
    .next = Log in at the machine itself, or ask the administrator for a polkit rule for org.debian.pcsc-lite.access_pcsc and access_card.
doctor-service-refuses-remote = The PC/SC service (pcscd) refuses sessions over ssh (polkit).
    .next = Ask the administrator for a polkit rule for org.debian.pcsc-lite.access_pcsc and access_card.
doctor-service-refuses-hidepid = The PC/SC service (pcscd) cannot see who asks: /proc is mounted with hidepid.
    .next = Mount /proc without hidepid, or with gid= of a group that polkitd is in.
doctor-service-version = pcscd answers in protocol { $version }, and the PC/SC library of this program does not get on with it.
    .next = Both must come from the same pcsc-lite: install its packages from one source, then: sudo systemctl restart pcscd
doctor-no-runtime-folder = XDG_RUNTIME_DIR is not set, or its folder is not there: the module cannot see the logins of other programs.
    .next = Open a session of systemd (login, ssh with PAM); "sudo -u" and "su" open none.

doctor-readers = Readers: { $readers }
doctor-no-reader = No card reader, neither for PC/SC nor at the USB bus.
    .next = Plug a reader in; try another socket or cable.
doctor-reader-not-ccid = The reader { $name } (USB { $id }) is of the SESAM-Vitale family and not of the common class (CCID): pcscd does not know it.
    .next = Install the driver of its manufacturer for Linux (Olaqin, formerly Ingenico), then: sudo systemctl restart pcscd. Or use a CCID reader.
doctor-reader-without-driver = USB shows the reader { $name } ({ $id }), and the driver for it is not installed.
    .next = Install it: sudo apt install libccid (Fedora: pcsc-lite-ccid), then: sudo systemctl restart pcscd
doctor-reader-unseen = USB shows the reader { $name } ({ $id }), and PC/SC does not.
    .next = Unplug it and plug it in again; if it stays so: sudo systemctl restart pcscd
doctor-reader-ignored = The configuration of the module leaves the reader { $reader } out, and there is a card in it.
    .next = Look for readers.ignore in ~/.config/cpx-pkcs11/config.toml and /etc/cpx-pkcs11/config.toml.

doctor-no-card = No card in a reader.
    .next = Put the card in, chip first.
doctor-card = Professional's card in { $reader }: { $chip }
doctor-card-mute = The card in { $reader } does not answer.
    .next = Check which way up it is, clean the chip, try another reader.
doctor-card-held = Another program keeps the card in { $reader } for itself.
    .next = Close the programs that use the card, one after another.
doctor-card-held-scdaemon = Another program keeps the card in { $reader } for itself; scdaemon (GnuPG) runs, which does so.
    .next = Now: gpgconf --kill scdaemon. For good: the line "disable-ccid" and "pcsc-shared" in ~/.gnupg/scdaemon.conf
doctor-card-vitale = A Vitale card in { $reader }: it is not for logging in.
doctor-card-foreign = A card of another kind in { $reader } (answer to reset { $atr }).
    .next = Put your CPS, CPF, CPE, CDE or CPA card in.
doctor-card-foreign-named = A card of another kind in { $reader }, which calls itself "{ $name }".
    .next = Put your CPS, CPF, CPE, CDE or CPA card in.
doctor-contactless = Read without contact, this card has no PIN and signs no document.
    .next = For all else, put it into a reader with contacts.
doctor-pin = The PIN has all its tries.
doctor-pin-fewer = The PIN was mistyped: 2 tries are left.
    .next = The next right PIN gives all tries back.
doctor-pin-last = Only ONE try of the PIN is left.
    .next = Find the right PIN before you try again: one more mistake blocks the card.
doctor-pin-blocked = The PIN is blocked.
    .next = Unblock it with the 8-digit unblocking code: cpx pin unblock
doctor-puk-last = Only ONE try of the unblocking code is left.
    .next = Find the right code before you use it.
doctor-puk-blocked = The unblocking code is blocked: once its PIN is, this card cannot be used again.
    .next = Order another card from the agency (esante.gouv.fr).
doctor-certificates = The certificates are valid until { $day }.
doctor-certificate-soon = A certificate ends on { $day } ({ $days ->
    [0] today
    [one] in { $days } day
   *[other] in { $days } days
}).
    .next = The agency sends a new card before the end; if none comes: esante.gouv.fr
doctor-certificate-expired = A certificate has expired, on { $day }: sites refuse the card.
    .next = Order another card from the agency (esante.gouv.fr).
doctor-certificate-not-yet = A certificate begins to be valid on { $day } only.
    .next = Check the date of this machine: timedatectl
doctor-no-certificate = There is no certificate on the card.
    .next = Order another card from the agency (esante.gouv.fr).
doctor-chip-without-pss = This chip (CPS3) knows no RSA-PSS: most servers with TLS 1.3 alone refuse it, and OpenSSL needs to be told.
    .next = For OpenSSL and curl: TLS 1.2 with RSA+SHA256. Firefox, Thunderbird, Chromium, GnuTLS and Java choose rightly in TLS 1.2.
doctor-authority-missing = The authority "{ $issuer }" is not among those of this system.
    .next = It is needed to check signatures, not to log in.

doctor-module = Module { $path }, version { $version }
doctor-module-architecture = The module { $path } is made for { $machine }, and this program for { $own }.
    .next = Install the package of this architecture.
doctor-module-place = ssh-agent does not load a module from { $path }.
    .next = Install the module below /usr/lib, or start the agent with: ssh-agent -P "{ $path }"
doctor-clock = The clock of this machine stands before the last change of its own files: it is wrong.
    .next = Set it: sudo timedatectl set-ntp true
doctor-registered-twice = { $place } has the module twice: the card shows twice, and its PIN is asked twice.
    .next = Take one of the two out.
doctor-registered-through-proxy = { $place } has the module beside p11-kit-proxy, which brings it too: the PIN is asked twice.
    .next = Take one of the two out: modutil -delete NAME
doctor-registered-missing = { $place } names the module { $path }, which is not there.
    .next = Install the package again, or take that line out.
doctor-beside-opensc = { $place } has OpenSC beside this module, for the same card: the PIN is asked twice.
    .next = Take OpenSC out there, or keep it from this program (p11-kit: disable-in).
doctor-beside-official = { $place } has the official module beside this one, for the same card: the PIN is asked twice.
    .next = Take one of the two out.
doctor-official-installed = The official module is installed too: { $path }
    .next = Use one of the two in each program; uninstall the other if nothing needs it.
doctor-policy = { $program } has the module by its policies: { $path }
doctor-policy-unreadable = { $program } cannot read its policies: { $path } is no JSON.
    .next = Mend it; the page about:policies of the program tells where.
doctor-restart = { $program } runs, and has not loaded the module that its policies name.
    .next = Close it entirely and start it again.
doctor-caged = { $program } is installed as a { $cage }: it sees neither the module nor the reader.
    .next = Install the package of the distribution, or Mozilla's own.

## setup

setup-created = Created: { $path }
setup-changed = Changed: { $path }
setup-removed = Removed: { $path }
setup-none = Already as it should be: { $path }
setup-copy = Copy of before: { $path }
setup-dry-run = Nothing was written (--dry-run).
setup-unclear = { $path } is not understood, or is somebody else's. Nothing was changed.
    .next = Mend it, or change it by hand (docs/programs.md of this project tells how).
setup-nothing-to-undo = { $path } was not changed by cpx. Nothing was changed.
    .next = Say --system or --user as when it was set up.
setup-changed-since = { $path } was changed since. Nothing was changed.
    .next = Take the lines of the card out by hand, or compare with the copy: { $copy }
setup-no-home = HOME is not set: nobody knows whose settings they are.
    .next = Set HOME, or use --system.
setup-no-profile = { $program } has no profile yet.
    .next = Start it once, close it, and begin again. (Chromium without a start: certutil -N -d sql:$HOME/.pki/nssdb --empty-password)
setup-user-only = Chromium has no setting of this kind for the whole system.
    .next = Use --user, in the session of each person.
setup-two-modules = p11-kit has another module for the same card: { $name }. The PIN would be asked twice.
    .next = To keep this one alone: cpx setup p11-kit --keep-one
setup-use-browser = Close { $program } entirely and start it again.
setup-use-p11-kit = To see it: p11-kit list-modules
setup-use-openssl =
    For one program with a CPS3 (a CPS4 needs no such file):
      OPENSSL_CONF={ $path } PKCS11_MODULE_PATH={ $library } PROGRAM
setup-use-java =
    To see the keys:
      keytool -list -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg { $path }
setup-use-ssh = The line for the server's authorized_keys: ssh-keygen -D { $library }
setup-use-git = git logs in over ssh with the card.

## Module and files

no-module = The PKCS #11 module (libcpx_pkcs11.so) is not installed.
    .next = Install the package libcpx-pkcs11, or name the file with --module.
module-missing = { $path } does not exist, or is not a file.
    .next = Check the path given to --module.
module-unloadable = The module { $path } cannot be loaded: { $reason }
    .next = Is it made for this processor? "cpx doctor" says more.
module-fails = The module fails: { $reason }
    .next = Begin again; if it stays so, ask the support with this message.
file-unreadable = { $path } cannot be read: { $reason }
    .next = Check the path and the rights.
file-unwritable = { $path } cannot be written: { $reason }
    .next = Check the path and the rights.
file-is-directory = { $path } is a directory.
    .next = Name a file.
file-empty = { $path } is empty.
    .next = Name a file with content.
file-too-large = { $path } is too large (512 MB at most).
    .next = Name a smaller file.
file-exists = { $path } exists already. Nothing was written.
    .next = Choose another name, or delete that file first.
no-certificates-in = { $path } holds no PEM certificates.
    .next = Name the PEM file of the authorities.
