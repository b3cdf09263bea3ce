import Glibc

/// Gives up root for the rest of the process: to be called in an exit test, whose body is a process of its own. Where tests do not
/// run as root there is nothing to give up, so that these tests are never skipped.
func becomeNobody() {
    guard geteuid() == 0 else { return }
    guard setgroups(0, nil) == 0, setgid(65534) == 0, setuid(65534) == 0 else {
        fatalError("root could not be given up")
    }
}
