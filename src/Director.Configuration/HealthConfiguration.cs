using System.Net;

namespace Director.Configuration;

/// <summary>What belongs to the health of all services.</summary>
public sealed record HealthConfiguration
{
    /// <summary>Folder whose files take real servers into maintenance by their names: <c>192.168.6.4:80</c>, <c>192.168.6.4</c> (ldirectord's <c>maintenancedir</c>); absolute, empty is none.</summary>
    public string MaintenanceDirectory { get; init; } = "";

    /// <summary>Port on loopback where the built-in page for <c>fallback = local</c> is served, 1 to 65535.</summary>
    public int PagePort { get; init; } = 9099;

    /// <summary>File with that page; absolute, empty is a sentence of our own.</summary>
    public string PageFile { get; init; } = "";
}

/// <summary>Who is told when a real server or a service changes its state.</summary>
public sealed record AlertsConfiguration
{
    /// <summary>Command run with <c>sh -c</c>, with <c>DIRECTOR_SERVICE</c>, <c>DIRECTOR_ADDRESS</c>, <c>DIRECTOR_REAL_SERVER</c>, <c>DIRECTOR_STATE</c>, <c>DIRECTOR_DETAIL</c> and <c>DIRECTOR_NAME</c>; empty is none.</summary>
    public string Command { get; init; } = "";

    /// <summary>URL, http or https, that each change is posted to as a JSON object; null is none.</summary>
    public Uri? Webhook { get; init; }

    /// <summary>Mail; null is none.</summary>
    public MailConfiguration? Mail { get; init; }

    /// <summary>Alerts a minute, 1 to 10000; more are counted and not sent.</summary>
    public int Limit { get; init; } = 30;
}
