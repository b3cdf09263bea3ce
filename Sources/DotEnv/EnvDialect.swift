/// How an application reads its `.env` file.
///
/// There is no standard for `.env`: the same bytes give different values, or no values at all, in different readers.
/// Each dialect here models one real reader.
public enum EnvDialect: String, CaseIterable, Sendable, Codable {
    /// The `dotenv` package of Node.js, version 17. It never expands variables and never refuses a file.
    case node

    /// `python-dotenv` 1.2 as `load_dotenv()` uses it. It skips lines it cannot read and expands `${NAME}` everywhere.
    case python

    /// `compose-go` 2, the reader of Docker Compose. One line it cannot read makes it refuse the whole file.
    case compose

    /// bash 5: `set -a; . ./.env`. Modelled, never run.
    case shell
}
