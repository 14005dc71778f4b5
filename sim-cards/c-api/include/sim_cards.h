/*
 * Simulated French health professional cards (CPx), for programs that are not written in Rust.
 *
 * Link with libsim_cards_c. A card belongs to one thread at a time. Every function that gives text or bytes writes at
 * most `size` of them and returns how many there are, the final NUL of a text included: call it with NULL and 0 to
 * learn the length. No function keeps a pointer that it was given. A NULL card is allowed everywhere and does nothing.
 */
#ifndef SIM_CARDS_H
#define SIM_CARDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sim_card sim_card;

/* The names of the holders, one on a line: professionals, then the insured with a Vitale 2. */
size_t sim_cards_personas(char *text, size_t size);

/*
 * Replaces values of guesses.toml, which holds everything that no real card confirmed, by those of `toml`: real file
 * numbers and layouts, where you know them. Once, before the first card. 1 if that was done; else `error` tells what is
 * wrong.
 */
int sim_cards_replace_guesses(const char *toml, char *error, size_t size);

/*
 * A card in the reader, without power. `persona` is the name of a holder, the path of a persona file (with a slash, or
 * ending in .toml), or the text of such a file (more than one line). `options` may be NULL; else lines of TOML, as they
 * describe a card in a scenario. Each may be left out:
 *
 *     card = "cps4"            another card than the holder's: "cps3", "cps3-contactless", "cps4", "cps4-candidate",
 *                              "vitale2"
 *     protocol = "t1"          "t0" or "t1"
 *     atr = "3B..."            hexadecimal
 *     serial = "27000001"      eight digits
 *     label = "CPS4"           label of the token
 *     certificate-size = 3000  bytes that each certificate has at least
 *     largest-answer = 256     bytes of the longest answer
 *     pin = "1234"             four to eight digits
 *     tries = 3                tries of the holder code that are left
 *     puk = "12345678"         eight digits
 *     puk-tries = 10           tries of the unblocking code that are left
 *     puk-uses = 100           how often the unblocking code can still be used
 *     cps-data = true          whether the card has CPS_DATA
 *     needs-recovery = false   CPS4: refuse the application until the recovery sequence was run
 *     at = "2026-07-14"        the day on which the certificates are used; default: today
 *     real-time = false        take the time that a real card and its reader take
 *     delay-byte = "1ms"       time of each byte on the line
 *     delay-operation = "1s"   time of each operation with a private key
 *     faults = ["12:pull"]     see sim_card_add_fault
 *
 * NULL if something is wrong; `error` then tells what, cut to `size`. Free the card with sim_card_free.
 */
sim_card *sim_card_new(const char *persona, const char *options, char *error, size_t size);
void sim_card_free(sim_card *card);

/* Answer to reset. */
size_t sim_card_atr(const sim_card *card, uint8_t *bytes, size_t size);

/* 1 if the card has power now, 0 if it was pulled out. */
int sim_card_power_on(sim_card *card);
void sim_card_power_off(sim_card *card);
/* A warm reset: as power on. */
int sim_card_reset(sim_card *card);
/* Out of the reader, and back in without power. Counters and written data survive, as on a real card. */
void sim_card_remove(sim_card *card);
void sim_card_insert(sim_card *card);

/*
 * Sends one command APDU; the answer ends with the status word. 0 bytes: the card is mute, away or without power.
 * 258 bytes hold every answer of a healthy card. Bytes that do not fit are lost.
 */
size_t sim_card_transmit(sim_card *card, const uint8_t *command, size_t length, uint8_t *answer, size_t size);

/*
 * Plans a fault, written WHEN:WHAT. WHEN: 12 (exchange 12), 12+ (and all that follow), * (every one), +3 (the third from
 * now), B0#3 (the third command with instruction B0), B0#*. WHAT: pull, mute, reset, other-application, send=HEX,
 * slow=500ms, answer=HEX, status=6F00, truncate=N, oversize=N, garbage, flip=N. 1 if it was understood.
 */
int sim_card_add_fault(sim_card *card, const char *fault);
void sim_card_clear_faults(sim_card *card);

/* State that a terminal cannot always see. -1 for a NULL card. */
int sim_card_tries_left(const sim_card *card);
int sim_card_is_holder_verified(const sim_card *card);

/* The file tree of the card, decoded (UTF-8), protected data included. */
size_t sim_card_dump(const sim_card *card, char *text, size_t size);

/*
 * Writes every exchange from now on to a file: `format` is "text" or "json". Codes and plaintexts are in it. 1 if the
 * file could be made.
 */
int sim_card_trace(sim_card *card, const char *file, const char *format);

/*
 * Plugs the card into a virtual reader and serves it, in this thread, until the reader goes away or the card is
 * pulled: into the reader of sim-cards' own driver if `host` is the path of its socket, which begins with a slash, and
 * else into vsmartcard's (vpcd) at this host and port. 1 if it was served, 0 if there is no reader or it has a card.
 */
int sim_card_serve(sim_card *card, const char *host, uint16_t port);

#ifdef __cplusplus
}
#endif

#endif
