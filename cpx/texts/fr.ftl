# Textes de cpx en français. Chaque clé existe aussi dans en.ftl ; un test le vérifie.

## Aide

help-usage = Usage :
help-commands = Commandes
help-command = COMMANDE
help-options = Options
help-arguments = Arguments
man-name = Nom
man-synopsis = Synopsis
man-version = Version
man-exit-codes = Codes de sortie
help-exit-codes =
    Codes de sortie :
      0  tout va bien
      1  ligne de commande incorrecte
      2  pas de lecteur, ou service PC/SC muet
      3  pas de carte
      4  carte étrangère ou inutilisable
      5  code porteur refusé
      6  code porteur ou code de déblocage bloqué
      7  certificat ou signature non valable
      8  impossible avec cette puce
      9  fichier ou programme en cause
     10  doctor a trouvé quelque chose
    130  interrompu

cmd-about = La carte de professionnel de santé : ce qu'elle contient, son code porteur, des documents signés, et ce qui ne marche pas.
cmd-long = Sans commande : « cpx status ».
cmd-status-about = Lecteurs, cartes, essais de code porteur et fin de validité des certificats
cmd-show-about = Titulaire et données de la carte, décodées
cmd-cert-about = Certificats de la carte
cmd-cert-list-about = Liste les certificats
cmd-cert-export-about = Écrit un certificat, en PEM ou en DER
cmd-key-about = Clés de la carte
cmd-key-list-about = URI PKCS #11 des clés, prêtes à copier
cmd-pin-about = Code porteur : changer, débloquer, vérifier
cmd-pin-change-about = Change le code porteur
cmd-pin-unblock-about = Débloque le code porteur avec le code de déblocage
cmd-pin-check-about = Vérifie le code porteur ; un code erroné coûte un essai

cmd-sign-about = Signe un document avec la clé de signature (CMS)
cmd-verify-about = Vérifie un document signé, point par point
cmd-encrypt-about = Chiffre un document pour des certificats (CMS)
cmd-decrypt-about = Déchiffre un document avec la clé d'authentification
cmd-doctor-about = Dit pourquoi la carte ne marche pas, et quoi faire
cmd-setup-about = Fait trouver la carte à un programme : firefox, thunderbird, chromium, openssl, p11-kit, ssh, git, java
cmd-manual-about = Écrit les pages de manuel et les complétions dans un dossier, comme dans /usr/share

arg-report = Écrit un texte pour l'assistance, sans rien de personnel
arg-root = Regarde le système sous ce dossier, par exemple un système monté
arg-program = firefox, thunderbird, chromium, openssl, p11-kit, ssh, git ou java
arg-everybody = Pour tous les utilisateurs de ce poste
arg-user = Pour cette personne seulement
arg-undo = Remet tout comme avant
arg-dry-run = Montre ce qui changerait, sans rien écrire
arg-keep-one = p11-kit : écarte les autres modules de la même carte
arg-file = Le document
arg-attached = Met le document dans le fichier de la signature
arg-signature = La signature (sinon FICHIER.p7s, ou dans FICHIER même)
arg-to = Certificat d'un destinataire, PEM ou DER ; peut être répété
arg-trust = Autorités de confiance, PEM ou DER (sinon celles du système)
arg-crl = Liste des certificats révoqués de l'autorité
arg-directory = Dossier où écrire
arg-lang = Langue : fr ou en (sinon celle de l'environnement)
arg-module = Module PKCS #11 à utiliser, au lieu de celui qui est installé
arg-reader = Lecteur : son numéro, ou une partie de son nom
arg-json = Réponse pour les programmes, jamais traduite
arg-color = Couleurs : auto, always ou never
arg-help = Affiche cette aide
arg-version = Affiche la version
arg-protected = Aussi les données protégées ; demande le code porteur
arg-pin-file = Lit le code porteur sur la première ligne de ce fichier
arg-pin-fd = Lit le code porteur sur ce descripteur de fichier
arg-pinentry = Demande le code porteur dans une fenêtre, par pinentry ou par ce programme
arg-last-try = Accepte d'utiliser le dernier essai sans confirmation écrite
arg-new-pin-file = Lit le nouveau code dans ce fichier
arg-new-pin-fd = Lit le nouveau code sur ce descripteur de fichier
arg-puk-file = Lit le code de déblocage dans ce fichier
arg-puk-fd = Lit le code de déblocage sur ce descripteur de fichier
arg-which = Quel certificat : authentication, signature ou technical
arg-out = Fichier à créer (sinon la sortie standard)
arg-der = En DER (sinon en PEM)
arg-chain = Ajoute les autorités de ce fichier PEM qui ont émis le certificat

usage-unknown = Inconnu : { $what }
    .next = « cpx --help » donne les commandes et les options.
usage-missing = Il manque : { $what }
    .next = « cpx --help » donne les commandes et les options.
usage-value = « { $value } » ne convient pas pour { $what }
    .next = « cpx --help » donne les commandes et les options.
usage-conflict = { $what } ne va pas avec { $other }
    .next = Choisissez l'une des deux options.
usage-other = Ligne de commande incorrecte
    .next = « cpx --help » donne les commandes et les options.

## Mots

yes = oui
date = { $day }/{ $month }/{ $year }
reader = Lecteur
card = Carte
holder = Titulaire
pin = Code porteur
puk = Déblocage
certificates = Certificats
certificate = certificat
private-key = clé privée
use-authentication = authentification
use-signature = signature
use-technical = technique (sans contact)
card-number = n° { $number }
contactless = sans contact
test-card = carte de TEST
bytes = { $number ->
    [0] vide
    [one] { $number } octet
   *[other] { $number } octets
}

no-card-in-reader = aucune
mute-card = une carte qui ne répond pas : est-elle à l'endroit ?
ignored-card = une carte dans un lecteur que la configuration écarte (readers.ignore)
held-card = une carte qu'un autre programme garde pour lui seul
foreign-card = une carte d'un autre type
foreign-vitale = une carte Vitale
no-certificate = aucun sur cette carte

tries-no-pin = aucun
tries-all = 3 essais restants
tries-fewer = 2 essais restants
tries-last = 1 seul essai restant
tries-none = bloqué
tries-now = Essais du code porteur : { $tries }.
puk-ready = code de déblocage utilisable
puk-fewer = code de déblocage utilisable, déjà mal saisi
puk-last = 1 seul essai du code de déblocage
puk-blocked = Le code de déblocage est bloqué.
    .next = Cette carte ne peut plus être débloquée : demandez-en une autre à l'ANS (esante.gouv.fr).

certificate-valid = valable jusqu'au { $day } ({ $days ->
    [one] { $days } jour
   *[other] { $days } jours
})
certificate-soon = se termine le { $day } ({ $days ->
    [0] aujourd'hui
    [one] dans { $days } jour
   *[other] dans { $days } jours
})
certificate-expired = expiré depuis le { $day }
certificate-not-yet = pas encore valable : débute le { $day }

## show

chip = Puce
number = Numéro
card-type = Type
category = Catégorie
number-on-card = N° de certificat
surname = Nom
given-name = Prénom
organisation = Structure
title = Titre
profession = Profession
specialities = Spécialités
identifier = Identifiant
extension = Extension { $oid }
check-digit-right = clé juste
check-digit-wrong = clé FAUSSE
situation = Situation d'exercice { $number }
structure = structure
structure-id = identifiant
sector = secteur
field = champ { $tag }
data = Données de la carte
show-more = Les situations d'exercice et de facturation demandent le code porteur : cpx show --protected
id-adeli = ADELI
id-practice-adeli = ADELI du cabinet
id-drass = DRASS
id-finess = FINESS
id-siren = SIREN
id-siret = SIRET
id-practice-rpps = RPPS du cabinet
id-rpps = RPPS
id-student = étudiant
id-unknown = identifiant
id-register = {" "}(registre : { $number })

## cert, key

validity = validité
begins = début
issuer = émetteur
serial = n° de série
key = clé
rsa-key = RSA, { $bits } bits
sha256 = SHA-256
written = Écrit : { $path }
key-help =
    Exemples
      openssl  -key "{ $uri }" (fournisseur ou moteur pkcs11)
      curl     --key "{ $uri }"
      p11tool  --provider "{ $module }" --info "{ $uri }"
      ssh      ssh -I "{ $module }" utilisateur@serveur

## PIN

ask-pin = Code porteur
ask-new-pin = Nouveau code
ask-new-pin-again = Nouveau code, encore une fois
ask-puk = Code de déblocage (8 chiffres)
pinentry-title = Carte de professionnel de santé
check-costs = Cette commande présente le code porteur à la carte : un code erroné coûte un essai.
last-try-pin =
    Il ne reste qu'UN essai. Un code erroné bloque la carte ; il faudra le code de déblocage.
    Pour continuer, écrivez « oui » :
last-try-puk =
    Il ne reste qu'UN essai. Un code faux rend la carte définitivement indéblocable.
    Pour continuer, écrivez « oui » :
busy-reading = Lecture de la carte
busy-pin = La carte travaille
pin-right = Code correct.
pin-changed = Le code porteur est changé.
pin-unblocked = Le code porteur est débloqué.

pin-form = Le code porteur a de { $least } à { $most } chiffres. Rien n'a été envoyé à la carte, aucun essai n'est perdu.
    .next = Vérifiez la saisie.
pin-cancelled = Saisie abandonnée. Rien n'a été envoyé à la carte, aucun essai n'est perdu.
pins-differ = Les deux saisies du nouveau code diffèrent. Rien n'a été changé.
    .next = Recommencez.
pin-refused = Code erroné. Il reste 2 essais. Rien n'a été changé.
    .next = Retrouvez le bon code avant de recommencer ; après 3 erreurs, la carte se bloque.
pin-refused-last = Code erroné. Il ne reste qu'UN essai. Rien n'a été changé.
    .next = Retrouvez le bon code avant de recommencer : une erreur de plus bloque la carte.
pin-blocked-now = Code erroné. Le code porteur est maintenant bloqué.
    .next = Débloquez-le avec le code de déblocage à 8 chiffres : cpx pin unblock
pin-blocked = Le code porteur est bloqué. Rien n'a été envoyé à la carte.
    .next = Débloquez-le avec le code de déblocage à 8 chiffres : cpx pin unblock
pin-not-taken = La carte n'accepte pas ce nouveau code. L'ancien reste valable.
    .next = Choisissez-en un autre.
pin-length-refused = La carte n'accepte pas un code porteur de cette longueur. L'ancien reste valable.
    .next = Choisissez-en un autre.
puk-refused = Code de déblocage erroné. Le code porteur reste bloqué.
    .next = Retrouvez le bon code avant de recommencer.
puk-refused-last = Code de déblocage erroné. Il ne reste qu'UN essai.
    .next = Retrouvez le bon code avant de recommencer : une erreur de plus condamne la carte.
last-try-refused = Le dernier essai n'est pas utilisé. Rien n'a été envoyé à la carte.
    .next = Retrouvez d'abord le bon code.
last-try-unconfirmed = Il ne reste qu'un essai, et personne n'est là pour confirmer. Rien n'a été envoyé à la carte.
    .next = Recommencez dans un terminal, ou ajoutez --last-try si vous êtes certain du code porteur.
no-pin = Cette carte, lue ainsi, n'a pas de code porteur (sans contact).
    .next = Introduisez la carte dans un lecteur à contacts.
no-terminal = Personne ne peut saisir le code porteur : pas de terminal.
    .next = Utilisez --pin-file, --pin-fd ou --pinentry.
pinentry-fails = Le programme de saisie { $program } ne répond pas. Rien n'a été envoyé à la carte.
    .next = Installez pinentry (paquet pinentry-gnome3 ou pinentry-qt), ou lancez cpx dans un terminal.

interrupted = Interrompu. La carte est refermée.
interrupted-pin = Interrompu pendant que la carte changeait le code porteur : le changement a pu se faire ou non. La carte est refermée. Essayez d'abord le nouveau code : cpx pin check

## Lecteur et carte

no-service = Le service PC/SC (pcscd) ne répond pas.
    .next = Démarrez-le : sudo systemctl enable --now pcscd.socket (paquet pcscd). « cpx doctor » en dit plus.
service-refuses = Le service PC/SC (pcscd) refuse l'accès à cet utilisateur.
    .next = Ouvrez une session locale, ou demandez une règle polkit à l'administrateur. « cpx doctor » en dit plus.
service-silent = Le service PC/SC (pcscd) accepte la connexion et ne répond pas.
    .next = Redémarrez-le : sudo systemctl restart pcscd
service-fails = Le service PC/SC (pcscd) échoue : { $reason }
    .next = « cpx doctor » cherche la cause.
no-reader = Aucun lecteur de cartes.
    .next = Branchez un lecteur. S'il est déjà branché : cpx doctor
no-such-reader = Aucun lecteur ne correspond à « { $wanted } ».
    .next = Lecteurs présents : { $readers }
no-card = Aucune carte dans le lecteur.
    .next = Introduisez la carte, puce vers le lecteur.
card-gone = La carte n'est plus dans le lecteur. Elle est refermée.
    .next = Remettez-la et recommencez.
several-cards = Plusieurs cartes sont présentes : { $readers }
    .next = Choisissez-en une avec --reader.
card-mute = La carte ne répond pas (lecteur { $reader }).
    .next = Vérifiez son sens, nettoyez la puce, essayez un autre lecteur.
reader-ignored = La configuration du module écarte le lecteur { $reader }.
    .next = Cherchez readers.ignore dans ~/.config/cpx-pkcs11/config.toml et /etc/cpx-pkcs11/config.toml.
card-held = Un autre programme garde la carte pour lui seul (lecteur { $reader }).
    .next = Souvent scdaemon (GnuPG) : gpgconf --kill scdaemon
only-vitale = La carte du lecteur { $reader } est une carte Vitale.
    .next = Introduisez votre carte de professionnel.
only-foreign = La carte du lecteur { $reader } n'est pas une carte de professionnel de santé.
    .next = Introduisez votre carte CPS, CPF, CPE, CDE ou CPA.
card-unusable = Cette carte de professionnel ne peut pas être utilisée.
    .next = Sa mise à jour a peut-être été interrompue : adressez-vous à l'ANS (esante.gouv.fr).
login-lost = La carte a été refermée par un autre programme. Rien n'a été changé.
    .next = Recommencez.
card-fails = La carte n'a pas fait ce qui était demandé ({ $reason }).
    .next = Retirez la carte, remettez-la et recommencez ; « cpx doctor » cherche la cause.
no-such-certificate = Cette carte, lue ainsi, n'a pas ce certificat.
    .next = « cpx cert list » donne ceux qu'elle a.

## sign, verify

busy-signing = La carte signe
signed = Signé : { $path }
sign-unencodable = La signature ne peut pas être écrite.
    .next = Dites-le au projet, avec la taille et le genre du document.
sign-out-of-date = Le certificat de signature de cette carte n'est pas valable aujourd'hui. Rien n'a été signé.
    .next = cpx doctor en dit plus.
no-such-key = Cette carte, lue ainsi, n'a pas cette clé.
    .next = « cpx key list » donne celles qu'elle a.
verify-signer = Signataire : { $name }
verify-time = Signé, selon le signataire : { $time }
verify-valid = La signature est valable.
verify-valid-with-limits = La signature est valable, pour ce qui a pu être vérifié (voir les lignes avec !).
verify-invalid = La signature n'est PAS valable.
point-format = Format : CMS
point-not-empty = Une signature est présente
point-certificate-present = Le certificat du signataire est présent
point-signature-intact = Signature intacte
point-document-intact = Document intact
point-signing-time = Date de signature
point-in-date = Le certificat est en cours de validité
point-non-repudiation = Le certificat sert à signer des documents
point-trusted = Autorité de confiance
point-certificate-intact = Les certificats sont signés par leurs autorités
point-not-revoked = Le certificat n'est pas révoqué
reason-not-cms = ce fichier n'est pas une signature CMS, ou est abîmé
reason-no-signer = personne n'a signé
reason-empty = elle est vide
reason-no-certificate = il n'est pas dans le fichier
reason-algorithm = l'algorithme est faible ou inconnu
reason-signature = elle n'a pas été faite avec la clé de ce certificat
reason-document = le document n'est pas celui qui a été signé
reason-no-document = il n'y a pas de document
reason-no-time = absente
reason-time-to-come = elle est dans l'avenir
reason-not-yet = il n'est pas encore valable
reason-expired = il a expiré
reason-usage = il sert à autre chose
reason-untrusted = aucune de celles qui sont de confiance (--trust FICHIER) ne l'a émis
reason-damaged = la signature d'une autorité est fausse
reason-no-issuer = l'autorité n'est pas disponible
reason-no-list = pas vérifié : aucune liste de son autorité n'est donnée (--crl FICHIER)
reason-old-list = la liste de son autorité est périmée
reason-revoked = il a été révoqué

## encrypt, decrypt

busy-decrypting = La carte déchiffre
encrypted = Chiffré : { $path }
decrypted = Déchiffré, pour vous seul : { $path }
encrypt-other-usage = Le certificat { $path } sert à signer des documents : sa clé ne déchiffre rien.
    .next = Prenez le certificat d'authentification : cpx cert export authentication
encrypt-impossible = Le document ne peut pas être chiffré pour ces certificats.
    .next = Prenez des certificats à clé RSA.
decrypt-not-cms = Ce fichier n'est pas un document CMS chiffré, ou est abîmé.
    .next = Demandez qu'on vous le renvoie.
decrypt-algorithm = Ce document est chiffré d'une façon que ce programme ne connaît pas.
    .next = Demandez-le en AES, mode CBC, et RSA (PKCS #1 v1.5).
decrypt-out = Impossible de savoir comment nommer le document déchiffré.
    .next = Nommez-le par --out.
decrypt-not-for-card = Ce document n'est pas chiffré pour la carte du lecteur. Rien n'a été envoyé à la carte.
    .next = Introduisez la carte de la personne à qui il est destiné.
decrypt-damaged = Ce document est abîmé : il ne peut pas être déchiffré.
    .next = Demandez qu'on vous le renvoie.

## doctor

busy-doctor = Recherche de ce qui ne va pas
doctor-sum = { $errors ->
    [0] Aucune erreur
    [one] { $errors } erreur
   *[other] { $errors } erreurs
}, { $warnings ->
    [0] aucun avertissement
    [one] { $warnings } avertissement
   *[other] { $warnings } avertissements
}.
doctor-report = rapport sans nom ni numéro de personne ou de carte
doctor-system = { $system } · Linux { $kernel } · { $machine }
doctor-remote = Session par ssh

doctor-service = Le service PC/SC (pcscd) répond, protocole { $version }.
doctor-service-absent = Le service PC/SC (pcscd) n'est pas installé.
    .next = Installez-le : sudo apt install pcscd (Fedora : pcsc-lite), puis : sudo systemctl enable --now pcscd.socket
doctor-service-stopped = Le service PC/SC (pcscd) est installé, et ne tourne pas.
    .next = Démarrez-le : sudo systemctl enable --now pcscd.socket
doctor-service-closed = Les droits du socket de pcscd en écartent cet utilisateur.
    .next = Redémarrez-le avec les droits de son paquet : sudo systemctl restart pcscd.socket
doctor-service-silent = Le service PC/SC (pcscd) accepte la connexion et ne répond pas.
    .next = Redémarrez-le : sudo systemctl restart pcscd
doctor-service-full = Le service PC/SC (pcscd) renvoie tous les programmes : il a trop de clients, ou refuse cet utilisateur.
    .next = Fermez des programmes qui utilisent des cartes, ou redémarrez-le : sudo systemctl restart pcscd
doctor-service-refuses = Le service PC/SC (pcscd) refuse cet utilisateur (polkit).
    .next = Ouvrez une session sur le poste lui-même, ou demandez à l'administrateur une règle polkit pour org.debian.pcsc-lite.access_pcsc et access_card.
doctor-service-refuses-remote = Le service PC/SC (pcscd) refuse les sessions par ssh (polkit).
    .next = Demandez à l'administrateur une règle polkit pour org.debian.pcsc-lite.access_pcsc et access_card.
doctor-service-refuses-hidepid = Le service PC/SC (pcscd) ne voit pas qui demande : /proc est monté avec hidepid.
    .next = Montez /proc sans hidepid, ou avec gid= d'un groupe dont polkitd est membre.
doctor-service-version = pcscd répond en protocole { $version }, et la bibliothèque PC/SC de ce programme ne s'entend pas avec lui.
    .next = Les deux doivent venir du même pcsc-lite : installez ses paquets d'une seule source, puis : sudo systemctl restart pcscd
doctor-no-runtime-folder = XDG_RUNTIME_DIR n'est pas défini, ou son dossier manque : le module ne voit pas les connexions des autres programmes.
    .next = Ouvrez une session de systemd (login, ssh avec PAM) ; « sudo -u » et « su » n'en ouvrent pas.

doctor-readers = Lecteurs : { $readers }
doctor-no-reader = Aucun lecteur de cartes, ni pour PC/SC ni sur le bus USB.
    .next = Branchez un lecteur ; essayez une autre prise ou un autre câble.
doctor-reader-not-ccid = Le lecteur { $name } (USB { $id }) est de la famille SESAM-Vitale et pas de la classe commune (CCID) : pcscd ne le connaît pas.
    .next = Installez le pilote Linux de son fabricant (Olaqin, anciennement Ingenico), puis : sudo systemctl restart pcscd. Ou prenez un lecteur CCID.
doctor-reader-without-driver = L'USB voit le lecteur { $name } ({ $id }), dont le pilote n'est pas installé.
    .next = Installez-le : sudo apt install libccid (Fedora : pcsc-lite-ccid), puis : sudo systemctl restart pcscd
doctor-reader-unseen = L'USB voit le lecteur { $name } ({ $id }), et PC/SC ne le voit pas.
    .next = Débranchez-le et rebranchez-le ; si rien ne change : sudo systemctl restart pcscd
doctor-reader-ignored = La configuration du module écarte le lecteur { $reader }, où se trouve une carte.
    .next = Cherchez readers.ignore dans ~/.config/cpx-pkcs11/config.toml et /etc/cpx-pkcs11/config.toml.

doctor-no-card = Aucune carte dans un lecteur.
    .next = Introduisez la carte, puce vers le lecteur.
doctor-card = Carte de professionnel dans { $reader } : { $chip }
doctor-card-mute = La carte de { $reader } ne répond pas.
    .next = Vérifiez son sens, nettoyez la puce, essayez un autre lecteur.
doctor-card-held = Un autre programme garde la carte de { $reader } pour lui seul.
    .next = Fermez un à un les programmes qui utilisent la carte.
doctor-card-held-scdaemon = Un autre programme garde la carte de { $reader } pour lui seul ; scdaemon (GnuPG) tourne, qui fait cela.
    .next = Tout de suite : gpgconf --kill scdaemon. Pour toujours : les lignes « disable-ccid » et « pcsc-shared » dans ~/.gnupg/scdaemon.conf
doctor-card-vitale = Une carte Vitale dans { $reader } : elle ne sert pas à se connecter.
doctor-card-foreign = Une carte d'un autre type dans { $reader } (réponse au reset { $atr }).
    .next = Introduisez votre carte CPS, CPF, CPE, CDE ou CPA.
doctor-card-foreign-named = Une carte d'un autre type dans { $reader }, qui se nomme « { $name } ».
    .next = Introduisez votre carte CPS, CPF, CPE, CDE ou CPA.
doctor-contactless = Lue sans contact, cette carte n'a pas de code porteur et ne signe aucun document.
    .next = Pour le reste, introduisez-la dans un lecteur à contacts.
doctor-pin = Le code porteur a tous ses essais.
doctor-pin-fewer = Le code porteur a été mal saisi : il reste 2 essais.
    .next = Le prochain code correct rendra tous les essais.
doctor-pin-last = Il ne reste qu'UN essai du code porteur.
    .next = Retrouvez le bon code avant de recommencer : une erreur de plus bloque la carte.
doctor-pin-blocked = Le code porteur est bloqué.
    .next = Débloquez-le avec le code de déblocage à 8 chiffres : cpx pin unblock
doctor-puk-last = Il ne reste qu'UN essai du code de déblocage.
    .next = Retrouvez le bon code avant de l'utiliser.
doctor-puk-blocked = Le code de déblocage est bloqué : une fois son code porteur bloqué, cette carte ne servira plus.
    .next = Demandez une autre carte à l'ANS (esante.gouv.fr).
doctor-certificates = Les certificats sont valables jusqu'au { $day }.
doctor-certificate-soon = Un certificat se termine le { $day } ({ $days ->
    [0] aujourd'hui
    [one] dans { $days } jour
   *[other] dans { $days } jours
}).
    .next = L'ANS envoie une nouvelle carte avant la fin ; si elle n'arrive pas : esante.gouv.fr
doctor-certificate-expired = Un certificat a expiré le { $day } : les sites refusent la carte.
    .next = Demandez une autre carte à l'ANS (esante.gouv.fr).
doctor-certificate-not-yet = Un certificat n'est valable qu'à partir du { $day }.
    .next = Vérifiez la date de ce poste : timedatectl
doctor-no-certificate = Aucun certificat sur la carte.
    .next = Demandez une autre carte à l'ANS (esante.gouv.fr).
doctor-chip-without-pss = Cette puce (CPS3) ignore RSA-PSS : la plupart des serveurs en TLS 1.3 seul la refusent, et OpenSSL doit être réglé.
    .next = Pour OpenSSL et curl : TLS 1.2 avec RSA+SHA256. Firefox, Thunderbird, Chromium, GnuTLS et Java choisissent bien en TLS 1.2.
doctor-authority-missing = L'autorité « { $issuer } » n'est pas parmi celles de ce système.
    .next = Elle sert à vérifier des signatures, pas à se connecter.

doctor-module = Module { $path }, version { $version }
doctor-module-architecture = Le module { $path } est fait pour { $machine }, et ce programme pour { $own }.
    .next = Installez le paquet de cette architecture.
doctor-module-place = ssh-agent ne charge pas de module depuis { $path }.
    .next = Installez le module dans /usr/lib, ou lancez l'agent par : ssh-agent -P "{ $path }"
doctor-clock = L'horloge de ce poste retarde sur la dernière modification de ses propres fichiers : elle est fausse.
    .next = Réglez-la : sudo timedatectl set-ntp true
doctor-registered-twice = { $place } a deux fois le module : la carte paraît deux fois, et son code porteur est demandé deux fois.
    .next = Retirez l'un des deux.
doctor-registered-through-proxy = { $place } a le module à côté de p11-kit-proxy, qui l'apporte aussi : le code porteur est demandé deux fois.
    .next = Retirez l'un des deux : modutil -delete NOM
doctor-registered-missing = { $place } nomme le module { $path }, qui n'existe pas.
    .next = Réinstallez le paquet, ou retirez cette ligne.
doctor-beside-opensc = { $place } a OpenSC à côté de ce module, pour la même carte : le code porteur est demandé deux fois.
    .next = Retirez-en OpenSC, ou écartez-le de ce programme (p11-kit : disable-in).
doctor-beside-official = { $place } a le module officiel à côté de celui-ci, pour la même carte : le code porteur est demandé deux fois.
    .next = Retirez l'un des deux.
doctor-official-installed = Le module officiel est installé aussi : { $path }
    .next = Utilisez l'un des deux dans chaque programme ; désinstallez l'autre si rien n'en a besoin.
doctor-policy = { $program } a le module par ses stratégies : { $path }
doctor-policy-unreadable = { $program } ne peut pas lire ses stratégies : { $path } n'est pas du JSON.
    .next = Corrigez-le ; la page about:policies du programme dit où.
doctor-restart = { $program } tourne, et n'a pas chargé le module que ses stratégies nomment.
    .next = Fermez-le entièrement et relancez-le.
doctor-caged = { $program } est installé en { $cage } : il ne voit ni le module ni le lecteur.
    .next = Installez le paquet de la distribution, ou celui de Mozilla.

## setup

setup-created = Créé : { $path }
setup-changed = Modifié : { $path }
setup-removed = Supprimé : { $path }
setup-none = Déjà comme il faut : { $path }
setup-copy = Copie d'avant : { $path }
setup-dry-run = Rien n'a été écrit (--dry-run).
setup-unclear = { $path } n'est pas compréhensible, ou vient d'ailleurs. Rien n'a été changé.
    .next = Corrigez-le, ou modifiez-le à la main (voir docs/programs.md de ce projet).
setup-nothing-to-undo = { $path } n'a pas été modifié par cpx. Rien n'a été changé.
    .next = Indiquez --system ou --user comme lors du réglage.
setup-changed-since = { $path } a été modifié depuis. Rien n'a été changé.
    .next = Retirez à la main les lignes de la carte, ou comparez avec la copie : { $copy }
setup-no-home = HOME n'est pas défini : impossible de savoir à qui sont les réglages.
    .next = Définissez HOME, ou utilisez --system.
setup-no-profile = { $program } n'a pas encore de profil.
    .next = Lancez-le une fois, fermez-le, et recommencez. (Chromium sans le lancer : certutil -N -d sql:$HOME/.pki/nssdb --empty-password)
setup-user-only = Chromium n'a pas de réglage de ce genre pour tout le système.
    .next = Utilisez --user, dans la session de chaque personne.
setup-two-modules = p11-kit a un autre module pour la même carte : { $name }. Le code porteur serait demandé deux fois.
    .next = Pour ne garder que celui-ci : cpx setup p11-kit --keep-one
setup-use-browser = Fermez entièrement { $program } et relancez-le.
setup-use-p11-kit = Pour le voir : p11-kit list-modules
setup-use-openssl =
    Pour un programme avec une CPS3 (une CPS4 n'a pas besoin de ce fichier) :
      OPENSSL_CONF={ $path } PKCS11_MODULE_PATH={ $library } PROGRAMME
setup-use-java =
    Pour voir les clés :
      keytool -list -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11 -providerArg { $path }
setup-use-ssh = La ligne pour authorized_keys du serveur : ssh-keygen -D { $library }
setup-use-git = git se connecte par ssh avec la carte.

## Module et fichiers

no-module = Le module PKCS #11 (libcpx_pkcs11.so) n'est pas installé.
    .next = Installez le paquet libcpx-pkcs11, ou donnez le fichier avec --module.
module-missing = { $path } n'existe pas, ou n'est pas un fichier.
    .next = Vérifiez le chemin donné à --module.
module-unloadable = Le module { $path } ne se charge pas : { $reason }
    .next = Est-il fait pour ce processeur ? « cpx doctor » en dit plus.
module-fails = Le module échoue : { $reason }
    .next = Recommencez ; si rien ne change, transmettez ce message à votre assistance.
file-unreadable = { $path } ne peut pas être lu : { $reason }
    .next = Vérifiez le chemin et les droits.
file-unwritable = { $path } ne peut pas être écrit : { $reason }
    .next = Vérifiez le chemin et les droits.
file-is-directory = { $path } est un dossier.
    .next = Donnez un fichier.
file-empty = { $path } est vide.
    .next = Donnez un fichier qui a un contenu.
file-too-large = { $path } est trop grand (512 Mo au plus).
    .next = Donnez un fichier plus petit.
file-exists = { $path } existe déjà. Rien n'a été écrit.
    .next = Choisissez un autre nom, ou supprimez d'abord ce fichier.
no-certificates-in = { $path } ne contient pas de certificats PEM.
    .next = Donnez le fichier PEM des autorités.
