#define _GNU_SOURCE
#include "CSelfHeal.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t noted;

/* How many lines at the end of the terminal on standard error are drawn over; 0: none. */
static volatile sig_atomic_t drawn_lines;
static volatile sig_atomic_t interrupts;

void selfheal_note_drawn_lines(int lines) { drawn_lines = lines; }

/* From the beginning of the first drawn line on, the terminal is empty again. Only what a signal's handler may call. */
static void clear_drawn_lines(void) {
    int above = drawn_lines - 1;
    if (above < 0) return;
    char text[24], digits[8];
    size_t count = 0, digit_count = 0;
    text[count++] = '\r';
    if (above > 0) {
        for (; above > 0 && digit_count < sizeof digits; above /= 10) digits[digit_count++] = (char)('0' + above % 10);
        text[count++] = '\033';
        text[count++] = '[';
        while (digit_count > 0) text[count++] = digits[--digit_count];
        text[count++] = 'A';
    }
    text[count++] = '\033';
    text[count++] = '[';
    text[count++] = 'J';
    drawn_lines = 0;
    /* There is nobody to tell that it could not be written. */
    if (write(STDERR_FILENO, text, count) < 0) return;
}

/* Ends the process as the signal would have, with the terminal as it should be. */
static void leave(int number) {
    clear_drawn_lines();
    selfheal_default_signal(number);
    raise(number);
}

static void note(int number) {
    if (number == SIGINT && interrupts++ > 0) {
        /* Impatience at a terminal is answered: the second ^C ends the process. Every step is atomic. */
        leave(number);
        return;
    }
    noted = number;
}

void selfheal_note_signals(void) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before;
        // nohup and a shell's background jobs ignore signals on purpose.
        if (sigaction(numbers[i], NULL, &before) != 0 || before.sa_handler == SIG_IGN) continue;
        struct sigaction action = {.sa_handler = note};
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, NULL);
    }
    struct sigaction before, action = {.sa_handler = leave};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGQUIT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGQUIT, &action, NULL);
}

int selfheal_noted_signal(void) { return noted; }

void selfheal_default_signal(int number) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void selfheal_ignore_signal(int number) {
    struct sigaction action = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}
