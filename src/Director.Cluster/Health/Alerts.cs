using System.Net.Http.Json;
using Director.Cluster.Availability;
using Director.Configuration;

namespace Director.Cluster.Health;

/// <summary>Something that people are told of.</summary>
/// <param name="Service">The service's name.</param>
/// <param name="Address">Its protocol, address and port.</param>
/// <param name="RealServer">The real server; empty: the service itself.</param>
/// <param name="State">up, down, unknown; of a service fallback, recovered, panic, calm, quorum, no-quorum.</param>
/// <param name="Detail">In one line.</param>
internal sealed record Alert(string Service, string Address, string RealServer, string State, string Detail)
{
    /// <inheritdoc/>
    public override string ToString() => RealServer.Length > 0 ? $"{Service}: real server {RealServer} is {State}: {Detail}" : $"{Service}: {Detail}";
}

/// <summary>Who is told of changes besides the log.</summary>
internal sealed record AlertPlan
{
    /// <summary>Command, run by sh -c; empty is none.</summary>
    public string Command { get; init; } = "";

    /// <summary>URL that a JSON object is posted to; null is none.</summary>
    public Uri? Webhook { get; init; }

    /// <summary>Mail; null is none.</summary>
    public MailConfiguration? Mail { get; init; }

    /// <summary>Alerts a minute; what is more is summed up in one: from 1.</summary>
    public int Limit { get; init; } = 30;
}

/// <summary>Which alerts of a minute are told one by one, and which are only counted. Pure: it is given the time.</summary>
internal sealed class AlertLimit
{
    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);
    private TimeSpan _begun = -s_window;
    private int _told;
    private int _kept;

    /// <summary>Whether one may be told now.</summary>
    /// <param name="limit">Alerts a minute.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="kept">How many were only counted in the minute before; told with this one.</param>
    public bool Admits(int limit, TimeSpan now, out int kept)
    {
        kept = 0;
        if (now - _begun >= s_window)
        {
            (kept, _begun, _told, _kept) = (_kept, now, 0, 0);
        }

        if (_told < limit)
        {
            _told++;
            return true;
        }

        _kept++;
        return false;
    }
}

/// <summary>Tells people of changes by a command, a webhook and mail. What it does takes its time on a thread of its own, and harms nothing when it fails.</summary>
internal sealed class Alerts(string director, TimeProvider clock, Action<string> log) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly WorkQueue _work = new("alerts", s_patience);
    private readonly AlertLimit _limit = new();
    private readonly Lock _lock = new();
    private readonly Lazy<HttpClient> _http = new(() => new HttpClient { Timeout = s_patience });
    private readonly long _start = clock.GetTimestamp();

    /// <summary>Who is told.</summary>
    public AlertPlan Plan { get; set; } = new();

    /// <summary>Tells of a change. Never waits.</summary>
    public void Raise(Alert alert)
    {
        var plan = Plan;
        if (plan is { Command.Length: 0, Webhook: null, Mail: null })
        {
            return;
        }

        int kept;
        lock (_lock)
        {
            if (!_limit.Admits(plan.Limit, clock.GetElapsedTime(_start), out kept))
            {
                return;
            }
        }

        if (kept > 0)
        {
            log($"warning: alerts: {kept} of the minute before were not sent (alerts.limit {plan.Limit} a minute)");
        }

        if (plan.Command.Length > 0)
        {
            _work.Ask(() => AlertCommand.Run(plan.Command, director, alert, log));
        }

        if (plan.Webhook is { } webhook)
        {
            _work.Ask(() => Post(webhook, alert));
        }

        if (plan.Mail is { } mail)
        {
            _work.Ask(() => GroupMail.Send(mail, $"[{director}] {alert}", $"{alert}\n\ndirector {director}, service {alert.Service} ({alert.Address})\n", log));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work.Dispose();
        if (_http.IsValueCreated)
        {
            _http.Value.Dispose();
        }
    }

    private void Post(Uri webhook, Alert alert)
    {
        try
        {
            using var answer = _http.Value.PostAsJsonAsync(
                webhook, new { director, service = alert.Service, address = alert.Address, realServer = alert.RealServer, state = alert.State, detail = alert.Detail, time = clock.GetUtcNow() })
                .GetAwaiter().GetResult();
            if (!answer.IsSuccessStatusCode)
            {
                log($"warning: alerts: {webhook.Host} answered {(int)answer.StatusCode}");
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or InvalidOperationException)
        {
            log($"warning: alerts: {webhook.Host} was not told: {failure.Message}");
        }
    }
}
