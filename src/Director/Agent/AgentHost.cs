using System.Collections.Immutable;
using Director.Configuration;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;

namespace Director.Agent;

/// <summary>An agent at work: it measures, reports to its directors, and answers who asks.</summary>
internal static class AgentHost
{
    /// <summary>Works until cancelled, and takes its leave.</summary>
    /// <exception cref="OperatorException">Its port cannot be had.</exception>
    public static async Task Run(AgentConfiguration configuration, Action<string> log, CancellationToken stop)
    {
        string name = configuration.Name.Length > 0 ? configuration.Name : Environment.MachineName;
        using AgentCheckServer? server = configuration.Listen is { } at ? AgentCheckServer.Listen(at) : null;
        Dictionary<LoadConfiguration, LoadSource> sources = [];
        LoadSource host = Source(configuration.Load);
        LoadSource[] ofServices = [.. configuration.Services.Select(service => Source(service.Load ?? configuration.Load))];
        Registration registration = new(name, [.. configuration.Services.Select(Registered)]);
        log($"agent {name} is up{(server is null ? "" : $": answers at {server.EndPoint}")}");

        List<Task> work = [.. sources.Values.Select(source => Task.Run(() => source.Run(stop), CancellationToken.None))];
        if (server is not null)
            work.Add(server.Run(() => host.Latest, stop));
        if (!registration.Services.IsEmpty)
        {
            work.AddRange(configuration.Directors.Select(director => new DirectorLink(
                director, [.. configuration.Key], registration, () => [.. ofServices.Select(source => source.Latest)], configuration.Interval, log).Run(stop)));
        }

        await Task.WhenAll(work);
        log("stopped");

        LoadSource Source(LoadConfiguration load)
        {
            if (!sources.TryGetValue(load, out LoadSource? source))
                sources[load] = source = new LoadSource(load, configuration.Interval, Read, log);
            return source;
        }
    }

    private static RegisteredService Registered(AgentServiceConfiguration service) => new(service.Name, service.Address, service.Port)
    {
        Joins = service.Join,
        Weight = service.Weight,
        Forwarding = service.Forwarding switch
        {
            PacketForwarding.Nat => RegisteredForwarding.Nat,
            PacketForwarding.Direct => RegisteredForwarding.Direct,
            PacketForwarding.Tunnel => RegisteredForwarding.Tunnel,
            _ => null,
        },
    };

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
