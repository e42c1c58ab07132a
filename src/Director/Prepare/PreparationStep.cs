using System.Collections.Immutable;

namespace Director.Prepare;

/// <summary>One thing that a real server needs: a sysctl, or a command.</summary>
internal sealed record PreparationStep
{
    private PreparationStep(string reason) => Reason = reason;

    /// <summary>Why, in a few words.</summary>
    public string Reason { get; }

    /// <summary>Name of the sysctl as below /proc/sys; null for a command.</summary>
    public string? Setting { get; private init; }

    /// <summary>Value of the sysctl.</summary>
    public string Value { get; private init; } = "";

    /// <summary>The command and its arguments.</summary>
    public ImmutableArray<string> Command { get; private init; } = [];

    /// <summary>A failure whose message has this in it means that nothing had to be done.</summary>
    public string? Harmless { get; private init; }

    /// <summary>A sysctl to set.</summary>
    public static PreparationStep Set(string name, string value, string reason) => new(reason) { Setting = name, Value = value };

    /// <summary>A command to run.</summary>
    public static PreparationStep Run(string command, string reason, string? harmless = null) => new(reason) { Command = [.. command.Split(' ')], Harmless = harmless };

    /// <summary>As an operator would type it.</summary>
    public override string ToString() => Setting is null ? string.Join(' ', Command) : $"sysctl -w {Setting.Replace('/', '.')}={Value}";
}
