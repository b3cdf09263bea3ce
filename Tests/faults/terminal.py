"""A program on a terminal of its own, and what that shows."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time


class Screen:
    """The lines of a terminal, as far as progress steers it: carriage return, up, empty to the end of line or screen."""

    def __init__(self):
        self.lines, self.row, self.column = [""], 0, 0

    def feed(self, text):
        for plain, up, command in re.findall(r"([^\x1b]+)|\x1b\[(\d*)([A-Za-z])", text):
            if command == "A":
                self.row = max(0, self.row - int(up or 1))
            elif command in "JK" and command:
                self.lines[self.row] = self.lines[self.row][: self.column]
                if command == "J":
                    del self.lines[self.row + 1 :]
            for character in plain:
                self.put(character)

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.lines).rstrip()


class Terminal:
    """Reads what a program shows, and types."""

    def __init__(self, command, folder, environment, columns=100, rows=24):
        self.shown, self.is_open = "", True
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.chdir(folder)
                os.execve(command[0], [str(word) for word in command], {"TERM": "xterm", **environment})
            finally:
                os._exit(99)

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def read_until(self, condition, seconds=30):
        """Reads until the condition holds of all that was shown, or the program has ended. - Returns: whether it held."""
        end = time.monotonic() + seconds
        while not condition(self.shown):
            left = end - time.monotonic()
            if left <= 0 or not self.is_open:
                return False
            if not select.select([self.descriptor], [], [], left)[0]:
                continue
            try:
                data = os.read(self.descriptor, 65536)
            except OSError:  # The other end is closed.
                data = b""
            self.is_open = bool(data)
            self.shown += data.decode(errors="replace")
        return True

    def end(self, seconds=30):
        """Reads to the end. - Returns: how the program ended, as a shell has it, and what the screen shows."""
        self.read_until(lambda _: False, seconds)
        _, status = os.waitpid(self.process, 0)
        os.close(self.descriptor)
        number = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return number, self.screen

    @property
    def screen(self):
        screen = Screen()
        screen.feed(self.shown)
        return screen.text
