using System.Diagnostics;
using System.Globalization;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>
/// The test assembly as a program: <c>fuzz</c> attacks for DIRECTOR_FUZZ_SECONDS with DIRECTOR_FUZZ_SEED, in child processes, and goes on after a finding; <c>replay FILE</c> does the
/// attack in a file again; <c>minimise FILE</c> leaves out what the finding does not need.
/// </summary>
internal static class HostileProgram
{
    /// <summary>What the tests attack with: what they find on one machine is found on the next.</summary>
    public const ulong KnownSeed = 20_030_811;

    private const int FindingExit = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static int Main(string[] arguments) => arguments switch
    {
        ["fuzz"] => Fuzz(TimeSpan.FromSeconds(Seconds(3600)), Seed is { } seed ? [seed] : [KnownSeed, (ulong)Random.Shared.NextInt64() >> 16], Console.Out).Count == 0 ? 0 : 1,
        ["child", var seed, var seconds, var file] => Child(ulong.Parse(seed, CultureInfo.InvariantCulture), double.Parse(seconds, CultureInfo.InvariantCulture), file),
        ["touch", var where] => Touch(where),
        ["replay", var file] => Replay(file),
        ["minimise", var file] => Minimise(file),
        _ => Usage(),
    };

    private static int Usage()
    {
        Console.Error.WriteLine("fuzz | replay FILE | minimise FILE");
        return 2;
    }

    public static double Seconds(double otherwise) =>
        double.TryParse(Environment.GetEnvironmentVariable("DIRECTOR_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : otherwise;

    /// <summary>The seed that the environment names; null when it names none.</summary>
    public static ulong? Seed => ulong.TryParse(Environment.GetEnvironmentVariable("DIRECTOR_FUZZ_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : null;

    /// <summary>Attacks in child processes, the time shared among the seeds; after a finding, with another seed for what is left of the time.</summary>
    /// <returns>What was found, each with the file that does it again.</returns>
    public static List<string> Fuzz(TimeSpan time, ulong[] seeds, TextWriter output)
    {
        var findings = new List<string>();
        var kinds = new HashSet<string>();
        for (var i = 0; i < seeds.Length; i++)
        {
            var clock = Stopwatch.StartNew();
            var share = time / seeds.Length;
            for (var seed = seeds[i]; clock.Elapsed < share && findings.Count < 500; seed += 1_000_003)
            {
                var file = Path.Combine(Path.GetTempPath(), $"director-attack-{Environment.ProcessId}-{seed}");
                var finding = RunChild(seed, share - clock.Elapsed, file, output);
                var isNew = finding is not null && kinds.Add(Kind(finding)!);
                if (finding is not null)
                    findings.Add($"seed {seed}: {finding} [{(isNew ? file : "as before")}]");
                if (!isNew)
                    File.Delete(file);
            }
        }

        foreach (var finding in findings)
            output.WriteLine(finding);
        return findings;
    }

    /// <summary>This assembly as another process, its output taken.</summary>
    public static ProcessStartInfo Itself(params string[] arguments)
    {
        var dotnet = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
        var start = new ProcessStartInfo(dotnet, [typeof(HostileProgram).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // A crash shall leave no dump: the attack's file is enough.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return start;
    }

    private static string? RunChild(ulong seed, TimeSpan time, string file, TextWriter output)
    {
        using var log = new AttackLog(file);
        using var child = Process.Start(Itself("child", $"{seed}", time.TotalSeconds.ToString(CultureInfo.InvariantCulture), file))!;
        var said = child.StandardOutput.ReadToEndAsync();
        var complained = child.StandardError.ReadToEndAsync();
        var (done, since) = (-1L, Stopwatch.StartNew());
        while (!child.WaitForExit(500))
        {
            if (log.Done != done)
                (done, since) = (log.Done, Stopwatch.StartNew());
            else if (since.Elapsed > Patience)
                child.Kill();
        }

        child.WaitForExit();
        output.Write(said.Result);
        if (child.ExitCode == 0)
            return null;
        var what = complained.Result.Trim();
        return child.ExitCode == FindingExit ? what : since.Elapsed > Patience ? "hung" : $"crashed ({child.ExitCode}) {what[..Math.Min(what.Length, 2000)]}";
    }

    private static int Child(ulong seed, double seconds, string file)
    {
        using var log = new AttackLog(file);
        var campaign = new Campaign(seed, log);
        try
        {
            campaign.Run(TimeSpan.FromSeconds(seconds));
            return 0;
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error is FindingException ? error.Message : error.ToString());
            return FindingExit;
        }
        finally
        {
            Console.WriteLine(
                $"seed {seed}: {campaign.Steps} steps, {campaign.Behaviours} behaviours, {campaign.CorpusSize} sequences kept, native memory {campaign.Memory.First} to {campaign.Memory.Last} MB");
        }
    }

    /// <summary>Reads a byte of a guarded frame, or the one behind or before it, which is to end the process.</summary>
    private static unsafe int Touch(string where)
    {
        using var memory = new GuardedMemory(1);
        var frame = memory.Put(0, new byte[60], atStart: where == "before");
        return Volatile.Read(ref frame[where switch { "behind" => 60, "before" => -Forwarding.Links.Frame.Headroom - 1, _ => 59 }]);
    }

    /// <summary>What an attack finds; null for nothing.</summary>
    public static string? Try(int connections, IEnumerable<AttackStep> steps)
    {
        // Native memory of a director that failed is left to the end of the process: its state is not to be trusted.
        var director = new DirectorUnderAttack(connections);
        try
        {
            foreach (var step in steps)
                director.Do(step);
            director.End();
        }
        catch (Exception error)
        {
            return error is FindingException ? error.Message : error.ToString();
        }

        director.Dispose();
        return null;
    }

    private static int Replay(string file)
    {
        var (connections, steps) = AttackLog.Read(file);
        var found = Try(connections, steps);
        Console.WriteLine(found ?? "nothing");
        return found is null ? 0 : FindingExit;
    }

    private static int Minimise(string file)
    {
        var (connections, steps) = AttackLog.Read(file);
        var kind = Kind(Try(connections, steps));
        if (kind is null)
        {
            Console.WriteLine("nothing");
            return 1;
        }

        for (var size = Math.Max(steps.Count / 2, 1); ;)
        {
            var isShorter = false;
            for (var at = 0; at < steps.Count;)
            {
                List<AttackStep> without = [.. steps.Take(at), .. steps.Skip(at + size)];
                if (Kind(Try(connections, without)) == kind)
                    (steps, isShorter) = (without, true);
                else
                    at += size;
            }

            if (size == 1 && !isShorter)
                break;
            size = Math.Max(size / 2, 1);
        }

        Console.WriteLine($"{connections} connections");
        foreach (var step in steps)
            Console.WriteLine(step);
        Console.WriteLine(Try(connections, steps));
        using var log = new AttackLog(file + ".small");
        log.Begin(connections);
        foreach (var step in steps)
            log.Write(step);
        return 0;
    }

    // Numbers and bytes differ while steps are left out; the words stay.
    private static string? Kind(string? finding) => finding is null ? null : new string([.. finding.Split('\n')[0].TakeWhile(letter => letter != ')').Where(letter => !char.IsDigit(letter))]);
}
