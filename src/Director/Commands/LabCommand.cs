using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Director.Forwarding;
using Director.Hosting;
using Director.Lab;
using Director.Lab.Demonstration;
using Director.Lab.Load;
using Director.Lab.Software;
using Director.Lab.Web;
using Director.Lab.Witness;

namespace Director.Commands;

/// <summary><c>director lab</c>: clients, a director and real servers on this machine.</summary>
internal static class LabCommand
{
    private const int Interrupted = 130;
    private static readonly TimeSpan _progressInterval = TimeSpan.FromMilliseconds(250);

    public static Command Create()
    {
        LabOptions defaults = new();
        Option<int> directors = new("--directors") { Description = "Directors, 1 to 9; of several one is killed on the way", DefaultValueFactory = _ => defaults.Directors };
        directors.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 9)
            {
                result.AddError($"--directors: {result.Tokens[0].Value} is not from 1 to 9");
            }
        });
        Option<string> mode = new("--mode") { Description = "Whether one director holds the VIP or all share the clients", DefaultValueFactory = _ => defaults.Mode };
        mode.AcceptOnlyFromAmong("active-standby", "active-active");
        Option<string> forwarding = new("--forwarding") { Description = "How the director reaches real servers", DefaultValueFactory = _ => defaults.Forwarding };
        forwarding.AcceptOnlyFromAmong("nat", "direct", "tunnel");
        Option<string> scheduler = new("--scheduler") { Description = "How the director chooses a real server", DefaultValueFactory = _ => defaults.Scheduler };
        scheduler.AcceptOnlyFromAmong([.. SchedulerNames.All]);
        Option<int[]> weights = new("--weights")
        {
            Description = $"Weights of the three real servers [default: {string.Join(',', defaults.Weights)}]",
            HelpName = "w1,w2,w3",
            CustomParser = ParseWeights,
        };
        Option<int> clients = new("--clients") { Description = "Clients that ask at the same time, 1 to 10000", DefaultValueFactory = _ => defaults.Clients };
        clients.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 10000)
            {
                result.AddError($"--clients: {result.Tokens[0].Value} is not from 1 to 10000");
            }
        });
        Option<TimeSpan?> duration = new("--for")
        {
            Description = $"How long the clients ask: 500ms, 10s, 2m, 1h [default: {defaults.Duration.TotalSeconds:0}s]",
            HelpName = "duration",
            CustomParser = ParseDuration,
        };
        Option<bool> nginx = new("--nginx") { Description = "Use nginx instead of the built-in web server" };
        Option<bool> ipv6 = new("--ipv6") { Description = "Use IPv6 instead of IPv4" };
        Option<bool> keepAlive = new("--keep-alive") { Description = "Clients keep their connections instead of a new one for each request" };
        Option<bool> json = new("--json") { Description = "Print only the result, as JSON" };
        Command command = new CommandWithExample(
            "lab",
            "Build a network of clients, directors and three real servers on this machine, balance over it, and kill a director on the way (needs root). "
            + "Exits with 0 only if every request was answered and no connection broke.",
            "director lab --directors 3 --mode active-active --forwarding direct --for 30s")
        {
            directors, mode, forwarding, scheduler, weights, clients, duration, nginx, ipv6, keepAlive, json, WebServerCommand(), LoadClientCommand(), StreamServerCommand(), WitnessCommand(),
        };
        command.SetAction(parsed => Run(new()
        {
            Directors = parsed.GetValue(directors),
            Mode = parsed.GetValue(mode)!,
            Forwarding = parsed.GetValue(forwarding)!,
            Scheduler = parsed.GetValue(scheduler)!,
            Weights = parsed.GetValue(weights) is { Length: > 0 } given ? given : defaults.Weights,
            Clients = parsed.GetValue(clients),
            Duration = parsed.GetValue(duration) ?? defaults.Duration,
            Nginx = parsed.GetValue(nginx),
            IPv6 = parsed.GetValue(ipv6),
            KeepAlive = parsed.GetValue(keepAlive),
            Json = parsed.GetValue(json),
        }));
        return command;
    }

    private static int Run(LabOptions options)
    {
        if (Requirements.Missing(options.Nginx ? ["nft", "nginx"] : ["nft"]) is { } missing)
        {
            throw new OperatorException($"lab: {missing}");
        }

        using StopSignals stop = new();
        Screen screen = options.Json ? new(TextWriter.Null, isTerminal: false) : new(Console.Out, !Console.IsOutputRedirected);
        try
        {
            LabResult result = new LabRun(options, Console.Out, screen).Run(stop.Token);
            return stop.Token.IsCancellationRequested ? Interrupted : result.IsGood ? ExitCode.Ok : ExitCode.Failure;
        }
        catch (Exception problem) when (problem is LabException or OperationCanceledException)
        {
            // A Ctrl-C reaches the commands that set up the network too, so that their failure means nothing then.
            return stop.Token.IsCancellationRequested ? Interrupted : throw new OperatorException($"lab: {problem.Message}");
        }
    }

    private static Command WebServerCommand()
    {
        Argument<string> name = new("name");
        Argument<int> port = new("port");
        Option<bool> log = new("--log");
        Option<int> work = new("--work");
        Command command = new(BuiltInPrograms.WebServer) { name, port, log, work };
        command.Hidden = true;
        command.SetAction(async parsed =>
        {
            using StopSignals stop = new();
            await new WebServer(parsed.GetValue(name)!, parsed.GetValue(log) ? Console.Out : null, parsed.GetValue(work)).RunAsync(parsed.GetValue(port), stop.Token).ConfigureAwait(false);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command LoadClientCommand()
    {
        Argument<string> options = new("options");
        Command command = new(BuiltInPrograms.LoadClient) { options };
        command.Hidden = true;
        command.SetAction(async parsed =>
        {
            using StopSignals stop = new();
            LoadClient client = new(LoadOptions.FromJson(parsed.GetValue(options)!));
            await using (Timer timer = new(_ => Console.WriteLine(client.Figures.ToJson()), null, _progressInterval, _progressInterval))
            {
                await client.RunAsync(stop.Token).ConfigureAwait(false);
            }

            LoadFigures last = client.Figures with { IsLast = true };
            Console.WriteLine(last.ToJson());
            return last is { Failed: 0, Answered: > 0 } ? ExitCode.Ok : ExitCode.Failure;
        });
        return command;
    }

    private static Command StreamServerCommand()
    {
        Argument<int> port = new("port");
        Command command = new(BuiltInPrograms.StreamServer) { port };
        command.Hidden = true;
        command.SetAction(async parsed =>
        {
            using StopSignals stop = new();
            await StreamServer.RunAsync(parsed.GetValue(port), stop.Token).ConfigureAwait(false);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command WitnessCommand()
    {
        Argument<string> options = new("options");
        Command command = new(BuiltInPrograms.Witness) { options };
        command.Hidden = true;
        command.SetAction(async parsed =>
        {
            using StopSignals stop = new();
            Witness witness = new(WitnessOptions.FromJson(parsed.GetValue(options)!));
            Thread phases = new(() =>
            {
                while (Console.In.ReadLine() is not null)
                {
                    witness.BeginPhase();
                }
            })
            { IsBackground = true };
            phases.Start();
            await using (Timer timer = new(_ => Console.WriteLine(witness.Figures.ToJson()), null, _progressInterval, _progressInterval))
            {
                await witness.RunAsync(stop.Token).ConfigureAwait(false);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static int[] ParseWeights(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        int[] weights = [.. text.Split(',').Select(weight => int.TryParse(weight, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : -1)];
        if (weights.Length != 3 || weights.Any(weight => weight is < 0 or > 65535) || weights.Sum() == 0)
        {
            result.AddError($"--weights: '{text}' is not three numbers from 0 to 65535 with commas, not all 0, such as 1,2,3");
        }

        return weights;
    }

    private static TimeSpan? ParseDuration(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string unit = text.TrimStart([.. "0123456789."]);
        double seconds = unit switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, _ => 0 };
        if (!double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) || number * seconds is <= 0 or > 86400)
        {
            result.AddError($"--for: '{text}' is not a time from 1ms to 24h such as 500ms, 10s, 2m");
            return null;
        }

        return TimeSpan.FromSeconds(number * seconds);
    }
}
