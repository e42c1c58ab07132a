using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Transport;
using Director.Configuration;
using Director.Health;
using Director.Health.Feedback;

namespace Director.Cluster.Feedback;

/// <summary>Asks the agents that the configuration names (<c>agent-check</c>), each again and again; one question for all services that a real server is in.</summary>
/// <param name="answered">Takes an answer.</param>
/// <param name="counters">Counts.</param>
/// <param name="clock">Measures times.</param>
/// <param name="log">Takes lines.</param>
internal sealed class AgentChecks(Action<FedServer, AgentAnswer> answered, FeedbackCounters counters, TimeProvider clock, Action<string> log) : IDisposable
{
    private readonly Complaints _complaints = new(log, clock);
    private readonly Lock _lock = new();
    private readonly Dictionary<Question, Asking> _asking = [];

    /// <summary>Asks as a configuration says from now on.</summary>
    /// <returns>The real servers whose agents are asked.</returns>
    public IReadOnlyCollection<FedServer> Follow(DirectorConfiguration configuration)
    {
        var wanted = Questions(configuration);
        lock (_lock)
        {
            foreach (var (question, asking) in _asking.Where(one => !wanted.ContainsKey(one.Key)).ToArray())
            {
                _asking.Remove(question);
                asking.Stop.Cancel();
            }

            foreach (var (question, servers) in wanted)
            {
                if (_asking.TryGetValue(question, out var asking))
                {
                    asking.Servers = servers;
                    continue;
                }

                _asking[question] = asking = new Asking { Servers = servers };
                _ = Task.Run(() => Ask(question, asking));
            }
        }

        return [.. wanted.Values.SelectMany(servers => servers)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var asking in _asking.Values)
            {
                asking.Stop.Cancel();
            }

            _asking.Clear();
        }
    }

    private static Dictionary<Question, ImmutableArray<FedServer>> Questions(DirectorConfiguration configuration) => configuration.VirtualServices
        .SelectMany(service => service.RealServers.Where(server => server.AgentCheck is not null)
            .Select(server => (Question: new Question(server.Address, server.AgentCheck!), Server: new FedServer(service.Name, server.Address, server.Port))))
        .GroupBy(one => one.Question, one => one.Server)
        .ToDictionary(group => group.Key, group => group.ToImmutableArray());

    private async Task Ask(Question question, Asking asking)
    {
        var (check, target) = (question.Check, new CheckTarget(question.Address, question.Check.Port));
        try
        {
            // Not all at once.
            await Task.Delay(check.Interval * Random.Shared.NextDouble(), clock, asking.Stop.Token).ConfigureAwait(false);
            while (true)
            {
                var (answer, failure) = await AgentQuestion.Ask(target, check.Send, check.Timeout, clock, asking.Stop.Token).ConfigureAwait(false);
                if (answer is null)
                {
                    counters.Count(FeedbackFault.NoAnswer);
                    _complaints.Say($"{target}", $"warning: feedback: agent-check {target}: {failure}");
                }
                else
                {
                    counters.CountAnswer();
                    _complaints.Forget($"{target}");
                    foreach (var server in asking.Servers)
                    {
                        answered(server, answer);
                    }
                }

                await Task.Delay(check.Interval, clock, asking.Stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody asks any more.
        }
        finally
        {
            asking.Stop.Dispose();
        }
    }

    private sealed record Question(IPAddress Address, AgentCheckConfiguration Check);

    private sealed class Asking
    {
        public CancellationTokenSource Stop { get; } = new();

        public ImmutableArray<FedServer> Servers { get; set; } = [];
    }
}
