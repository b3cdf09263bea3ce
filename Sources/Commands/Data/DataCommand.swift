import ArgumentParser

/// `selfheal data`
struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Says which tables are filled, and fills them.",
        subcommands: [
            DataStatusCommand.self,
            DataPlanCommand.self,
            DataGraphCommand.self,
            DataHealCommand.self,
            DataQuarantineCommand.self,
            DataMakeTargetsCommand.self,
        ])
}
