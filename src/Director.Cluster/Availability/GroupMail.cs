using System.Net.Mail;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>Tells people by mail who took or released a group. By the framework's SMTP client: without authentication and TLS, which the configuration does not have, it does all that is needed.</summary>
internal static class GroupMail
{
    private const int SmtpPort = 25;
    private const int PatienceMilliseconds = 30_000;

    /// <summary>Sends it, and waits half a minute at most.</summary>
    public static void Send(MailConfiguration mail, string subject, string text, Action<string> log)
    {
        try
        {
            var (host, port) = Server(mail.Server);
            using SmtpClient client = new(host, port) { Timeout = PatienceMilliseconds };
            using MailMessage message = new() { From = new MailAddress(mail.From), Subject = subject, Body = text };
            foreach (var receiver in mail.To)
                message.To.Add(receiver);
            client.Send(message);
        }
        catch (Exception error) when (error is SmtpException or FormatException or InvalidOperationException or IOException)
        {
            log($"warning: no mail by {mail.Server}: {(error.InnerException ?? error).Message}");
        }
    }

    private static (string Host, int Port) Server(string server)
    {
        var colon = server.LastIndexOf(':');
        // More than one: an IPv6 address without a port.
        return colon > 0 && (server.IndexOf(':') == colon || server[colon - 1] == ']') && int.TryParse(server[(colon + 1)..], out var port)
            ? (server[..colon].Trim('[', ']'), port)
            : (server.Trim('[', ']'), SmtpPort);
    }
}
