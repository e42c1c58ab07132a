using System.Collections.Immutable;
using System.Net;

namespace Director.Configuration;

/// <summary>What an agent's file says, whole and valid. Every default is the one that <c>hocon/agent.reference.conf</c> names.</summary>
public sealed record AgentConfiguration
{
    /// <summary>The agent's name; empty is the host's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Directors to report to, each <c>host:port</c>; empty: only <see cref="Listen"/>.</summary>
    public ImmutableArray<string> Directors { get; init; } = [];

    /// <summary>The secret that it shares with the directors, as <see cref="ClusterConfiguration.Key"/>; not empty where <see cref="Directors"/> is not.</summary>
    public ImmutableArray<byte> Key { get; init; } = [];

    /// <summary>Where questions like those of HAProxy's <c>agent-check</c> are answered; null is nowhere.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Between two measurements, and reports: 200 ms to 1 min.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What load is, of this host; also what <see cref="Listen"/> answers.</summary>
    public LoadConfiguration Load { get; init; } = new();

    /// <summary>The services that it speaks for, 0 to 32.</summary>
    public ImmutableArray<AgentServiceConfiguration> Services { get; init; } = [];
}

/// <summary>A number that says how loaded a real server is.</summary>
public enum LoadMeasure
{
    /// <summary>The part of the processors' time that was used since the last measurement (<c>/proc/stat</c>).</summary>
    Cpu,

    /// <summary>The load average of the last minute as a part of the number of processors (<c>/proc/loadavg</c>).</summary>
    LoadAverage,

    /// <summary>The part of the memory that is not available (<c>/proc/meminfo</c>).</summary>
    Memory,

    /// <summary>What a command prints.</summary>
    Script,
}

/// <summary>What load is.</summary>
public sealed record LoadConfiguration
{
    /// <summary>The highest of these counts; at least one.</summary>
    public ImmutableArray<LoadMeasure> Measure { get; init; } = [LoadMeasure.Cpu];

    /// <summary>A command for <see cref="LoadMeasure.Script"/>, run by <c>sh -c</c>: it prints a load from 0 to 100, or words as agents do. Empty where there is no such measure.</summary>
    public string Script { get; init; } = "";

    /// <summary>How long it may take before it is ended: 100 ms to 1 min.</summary>
    public TimeSpan ScriptTimeout { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>A service that an agent speaks for.</summary>
/// <param name="Name">The virtual service's name in the directors' configuration.</param>
/// <param name="Address">Address of the real server, as directors have it.</param>
/// <param name="Port">Its port, 1 to 65535.</param>
public sealed record AgentServiceConfiguration(string Name, IPAddress Address, ushort Port)
{
    /// <summary>Whether the real server is added to the service while the agent runs, where it is not in the directors' file.</summary>
    public bool Join { get; init; } = true;

    /// <summary>Its weight then, 1 to 65535.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>How packets reach it then; null: as the service's other real servers. Never <see cref="PacketForwarding.Local"/>.</summary>
    public PacketForwarding? Forwarding { get; init; }

    /// <summary>What load is for this service; null: the host's.</summary>
    public LoadConfiguration? Load { get; init; }
}

/// <summary>What came of reading an agent's file.</summary>
/// <param name="Configuration">The configuration; null exactly when there are errors.</param>
/// <param name="Errors">All that is wrong, one line each, as in <see cref="ConfigurationResult.Errors"/>.</param>
public sealed record AgentConfigurationResult(AgentConfiguration? Configuration, ImmutableArray<string> Errors);
