using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Director.Genhash;

namespace Director.Commands;

/// <summary><c>director genhash</c>: the digest of a page that an http check compares with, with keepalived's options.</summary>
internal static class GenhashCommand
{
    public static Command Create()
    {
        Argument<string?> page = new("url") { Description = "The page: prints its digest alone", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> server = new("--server", "-s") { Description = "Address or name of the web server", HelpName = "host" };
        Option<ushort> port = new("--port", "-p") { Description = "Its port [default: 80, with -S 443]", HelpName = "port" };
        Option<string> path = new("--url", "-u") { Description = "Path of the page", HelpName = "path", DefaultValueFactory = static _ => "/" };
        Option<bool> tls = new("--use-ssl", "-S") { Description = "Ask over TLS" };
        Option<string> virtualHost = new("--use-virtualhost", "-V") { Description = "Host that is asked for [default: the server]", HelpName = "host", DefaultValueFactory = static _ => "" };
        Option<bool> sha256 = new("--sha256") { Description = "SHA-256 in place of MD5" };
        Option<double> timeout = new("--timeout", "-t") { Description = "Seconds that it may take", HelpName = "seconds", DefaultValueFactory = static _ => 5 };
        Option<bool> verbose = new("--verbose", "-v") { Description = "Say what was answered, too" };
        Command command = new CommandWithExample(
            "genhash", "Print the digest of a page, for an http check's 'digest'.", "director genhash -s 192.168.6.4 -p 80 -u /index.html")
        {
            page, server, port, path, tls, virtualHost, sha256, timeout, verbose,
        };
        command.SetAction(async Task<int> (parsed, _) =>
        {
            double seconds = parsed.GetValue(timeout);
            if (seconds is not (>= 0.1 and <= 3600))
                throw new OperatorException("genhash: --timeout is 0.1 to 3600 seconds", ExitCode.Usage);
            Uri url = Url(parsed.GetValue(page), parsed.GetValue(server), parsed.GetValue(port), parsed.GetRequiredValue(path), parsed.GetValue(tls));
            PageDigest digest = await PageDigest.Take(url, parsed.GetRequiredValue(virtualHost), parsed.GetValue(sha256), TimeSpan.FromSeconds(seconds));
            if (parsed.GetValue(verbose))
                parsed.InvocationConfiguration.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{url}: status {digest.Status}, {digest.Length} bytes"));
            if (digest.Status is < 200 or > 299)
                parsed.InvocationConfiguration.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"warning: status {digest.Status}: this is the digest of what stands there in place of the page"));
            string label = parsed.GetValue(page) is not null ? "" : parsed.GetValue(sha256) ? "SHA256SUM = " : "MD5SUM = ";
            parsed.InvocationConfiguration.Output.WriteLine($"{label}{digest.Digest}");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The page that is meant.</summary>
    /// <exception cref="OperatorException">None is, or two are.</exception>
    internal static Uri Url(string? page, string? server, ushort port, string path, bool isTls)
    {
        if (page is null == server is null)
            throw new OperatorException("genhash: name the page, either by its URL or by -s, -p and -u", ExitCode.Usage);
        if (page is not null)
        {
            return Uri.TryCreate(page, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" ? url
                : throw new OperatorException($"genhash: '{page}' is no URL such as http://192.168.6.4/index.html", ExitCode.Usage);
        }

        string host = IPAddress.TryParse(server, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : server!;
        string text = $"{(isTls ? "https" : "http")}://{host}:{(port > 0 ? port : isTls ? 443 : 80)}{(path.StartsWith('/') ? "" : "/")}{path}";
        return Uri.TryCreate(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out Uri? made) ? made
            : throw new OperatorException($"genhash: '{server}' is no host", ExitCode.Usage);
    }
}
