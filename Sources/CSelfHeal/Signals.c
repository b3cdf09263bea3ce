#define _GNU_SOURCE
#include "CSelfHeal.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t noted;

static void note(int number) { noted = number; }

void selfheal_note_signals(void) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before;
        // nohup and a shell's background jobs ignore signals on purpose.
        if (sigaction(numbers[i], NULL, &before) != 0 || before.sa_handler == SIG_IGN) continue;
        struct sigaction action = {.sa_handler = note};
        sigemptyset(&action.sa_mask);
        // Impatience at a terminal is answered: the second ^C ends the process. Every step is atomic.
        if (numbers[i] == SIGINT) action.sa_flags = SA_RESETHAND;
        sigaction(numbers[i], &action, NULL);
    }
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
