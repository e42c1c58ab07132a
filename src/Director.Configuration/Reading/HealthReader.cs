using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The sections <c>health { }</c> and <c>alerts { }</c>, and what a service says of failure.</summary>
internal static class HealthReader
{
    private const string RightPath = "an absolute path is right";

    public static HealthConfiguration Read(SectionReader section)
    {
        var defaults = new HealthConfiguration();
        var result = new HealthConfiguration
        {
            MaintenanceDirectory = section.Text("maintenance-directory", defaults.MaintenanceDirectory, RightPath, WrongPath),
            PagePort = (int)section.Number("page-port", defaults.PagePort, 1, 65535),
            PageFile = section.Text("page-file", defaults.PageFile, RightPath, WrongPath),
        };
        section.RefuseUnknown();
        return result;
    }

    public static AlertsConfiguration ReadAlerts(SectionReader section, Findings findings)
    {
        const string RightUrl = "http://HOST/PATH or https://HOST/PATH is right";
        var defaults = new AlertsConfiguration();
        var webhook = section.Text("webhook", "", RightUrl, text => Url(text) is null && text.Length > 0 ? "is no URL" : null);
        var result = new AlertsConfiguration
        {
            Command = section.Text("command", defaults.Command, "a command of a shell is right"),
            Webhook = Url(webhook),
            Mail = AvailabilityReader.Mail(section.Child("mail"), findings),
            Limit = (int)section.Number("limit", defaults.Limit, 1, 10_000),
        };
        section.RefuseUnknown();
        return result;
    }

    /// <summary>How a service wants the failure of its real servers met.</summary>
    public static VirtualServiceConfiguration ReadFailure(SectionReader section, VirtualServiceConfiguration service, Findings findings)
    {
        var quorum = (int)section.Number("quorum", service.Quorum, 1, 65535);
        var result = service with
        {
            Quiescent = section.Flag("quiescent", service.Quiescent),
            Quorum = quorum,
            Hysteresis = (int)section.Number("hysteresis", service.Hysteresis, 0, 65534),
            Panic = (int)section.Number("panic", service.Panic, 0, 100),
            DrainTimeout = section.Duration("drain-timeout", service.DrainTimeout, TimeSpan.Zero, TimeSpan.FromDays(7), TimeSpan.FromSeconds(1)),
        };
        if (result.Hysteresis >= quorum)
        {
            findings.Error(section.Section.Fields["hysteresis"], $"is not below quorum = {quorum}; 0 to {quorum - 1} is right");
        }

        return result;
    }

    private static Uri? Url(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0 ? url : null;

    private static string? WrongPath(string path) => path.Length == 0 || path.StartsWith('/') ? null : "is no absolute path";
}
