import HealKit
import HealModel

/// What taking a run back consists of: checks that find what the run changed, each with the repair that changes it back.
public enum Undoing {
    /// The checks, in the order in which their repairs belong: the last thing that the run did comes first.
    public static func checks(for run: UndoneRun) -> [any Check] {
        var checks: [any Check] = run.changes.reversed().map { change in
            DatabaseUndo(run: run.run, change: change, performed: run.statements(on: change.database))
        }
        let made = Set(run.steps.compactMap(\.madePath))
        for step in run.steps.reversed() {
            switch step {
            case .createDatabase(let path, let pragmas, let statements):
                checks.append(
                    CreatedDatabaseUndo(run: run.run, database: path, pragmas: pragmas, statements: statements))
            case .createDirectory, .copyTemplate, .setMode, .appendText:
                checks.append(FileUndo(run: run.run, step: step, made: made))
            case .setJournalMode(let database, let mode, let previous):
                checks.append(JournalModeUndo(run: run.run, database: database, mode: mode, previous: previous))
            default: break  // Of databases that existed, or nothing that could be taken back.
            }
        }
        return checks
    }

    /// Whether anything of a run can be taken back.
    public static func isPossible(for run: UndoneRun) -> Bool { !checks(for: run).isEmpty }
}

extension Step {
    /// What is there after the step that was not there before.
    var madePath: ResourcePath? {
        switch self {
        case .createDirectory(let path, _), .copyTemplate(_, let path, _), .createDatabase(let path, _, _): path
        default: nil
        }
    }
}
