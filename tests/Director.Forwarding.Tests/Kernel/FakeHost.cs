using Director.Forwarding.Kernel;

namespace Director.Forwarding.Tests.Kernel;

/// <summary>A host that remembers what it was told.</summary>
internal sealed class FakeHost : IHostSystem
{
    /// <summary>Commands in order: <c>nft -f -</c>, a colon and the input when there is any.</summary>
    public List<string> Commands { get; } = [];

    public Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers a command; the default is success.</summary>
    public Func<string, CommandResult> Answer { get; set; } = _ => default;

    /// <summary>Settings that refuse to be written.</summary>
    public HashSet<string> ReadOnly { get; } = new(StringComparer.Ordinal);

    public CommandResult Run(string command, IReadOnlyList<string> arguments, string input = "")
    {
        var line = $"{command} {string.Join(' ', arguments)}{(input.Length > 0 ? $": {input}" : "")}";
        Commands.Add(line);
        var result = Answer(line);
        return result with { Output = result.Output ?? "", Errors = result.Errors ?? "" };
    }

    public string? ReadSetting(string name) => Settings.GetValueOrDefault(name);

    public void WriteSetting(string name, string value)
    {
        if (ReadOnly.Contains(name))
            throw new UnauthorizedAccessException("Read-only file system");
        Settings[name] = value;
    }
}
