/// Words and variables that mean something to the shell itself.
enum ShellNames {
    /// Words that start a compound command where a command's name is expected.
    static let reserved = set(
        "! [[ { } case coproc do done elif else esac fi for function if select then time until while")

    /// Variables that nobody may change.
    static let readonly = set("BASHOPTS BASH_VERSINFO EUID PPID SHELLOPTS UID")

    /// Variables that the shell gives values of its own whenever they are used, or that it acts upon once they are set.
    static let live = set(
        """
        BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_COMPAT BASH_LINENO BASH_SOURCE \
        BASH_SUBSHELL BASH_XTRACEFD COMP_WORDBREAKS DIRSTACK EPOCHREALTIME EPOCHSECONDS FUNCNAME GROUPS HISTCMD LINENO \
        PIPESTATUS RANDOM SECONDS SRANDOM _
        """)

    /// Variables that the shell sets when it starts, whatever the environment says.
    static let initial = set("BASH BASH_VERSION HOSTTYPE IFS MACHTYPE OPTERR OPTIND OSTYPE PS4 SHLVL")

    /// Variables that the shell sets when it starts, unless the environment has them.
    static let defaulted = set("HOME HOSTNAME OLDPWD PATH PWD SHELL TERM")

    private static func set(_ names: String) -> Set<[UInt8]> {
        Set(names.utf8.split(separator: Ascii.space).map { Array($0) })
    }
}
