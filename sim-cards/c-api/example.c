/* Logs in to a simulated CPS4 and reads one of its protected files. Exit status 0 if all went as on a real card. */

#include <stdio.h>
#include <string.h>

#include "sim_cards.h"

/* Sends a command; 1 if the answer ends with this status word. */
static int says(sim_card *card, const char *command, size_t length, unsigned expected)
{
    uint8_t answer[258];
    size_t n = sim_card_transmit(card, (const uint8_t *)command, length, answer, sizeof answer);
    unsigned status = n >= 2 ? (unsigned)(answer[n - 2] << 8 | answer[n - 1]) : 0;

    printf("%04X, %zu bytes\n", status, n);
    return status == expected;
}

int main(void)
{
    char error[200];
    uint8_t atr[33];
    int right;
    sim_card *card = sim_card_new("nobody", NULL, error, sizeof error);

    if (card != NULL || strstr(error, "nobody") == NULL)
        return 1;
    card = sim_card_new("doctor-gp-cps4", "pin = \"2468\"\ntries = 2\n", error, sizeof error);
    if (card == NULL) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    right = sim_card_power_on(card)
        && sim_card_atr(card, atr, sizeof atr) == 17
        && says(card, "\x01\xA4\x04\x0C\x08\x80\x25\x00\x00\x01\xFF\x01\x00", 13, 0x9000)
        && says(card, "\x01\xA4\x08\x00\x04\x00\x01\xD1\x20\x00", 10, 0x9000)
        && says(card, "\x01\xB0\x00\x00\x00", 5, 0x6982)
        && says(card, "\x01\x20\x00\x01\x04" "0000", 9, 0x63C1)
        && sim_card_tries_left(card) == 1
        && says(card, "\x01\x20\x00\x01\x04" "2468", 9, 0x9000)
        && sim_card_is_holder_verified(card) == 1
        && says(card, "\x01\xB0\x00\x00\x00", 5, 0x9000);
    sim_card_free(card);
    /* Without a card nothing happens, and nothing breaks. */
    right = right && sim_card_tries_left(NULL) == -1 && sim_card_transmit(NULL, NULL, 0, NULL, 0) == 0;
    sim_card_free(NULL);
    puts(right ? "as on a real card" : "not as on a real card");
    return !right;
}
