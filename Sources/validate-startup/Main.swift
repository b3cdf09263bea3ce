import Commands

@main
enum Main {
    static func main() async { await Program.run(as: .validateStartup) }
}
