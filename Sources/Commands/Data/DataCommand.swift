import ArgumentParser

/// `selfheal data`
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Looks after datasets: tables that must be filled, and how they get their rows.",
        subcommands: [
            DataStatusCommand.self,
            DataPlanCommand.self,
            DataGraphCommand.self,
        ])
}
