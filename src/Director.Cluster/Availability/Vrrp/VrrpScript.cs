using System.ComponentModel;
using System.Diagnostics;
using Director.Configuration;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>Runs an operator's command again and again, on a thread of its own, and knows whether it succeeds (keepalived's <c>vrrp_script</c>).</summary>
internal sealed class VrrpScript : IDisposable
{
    private const int Unknown = -1, Down = 0, Up = 1;

    private readonly VrrpTrackedScript _script;
    private readonly Action<string> _log;
    private readonly RiseAndFall _result;
    private readonly CancellationTokenSource _end = new();
    private volatile int _state = Unknown;

    /// <param name="script">What to run.</param>
    /// <param name="log">Takes lines for the operator, and has the VRRP thread look.</param>
    public VrrpScript(VrrpTrackedScript script, Action<string> log)
    {
        _script = script;
        _log = log;
        _result = new RiseAndFall(script.Rise, script.Fall);
        new Thread(Run) { Name = "vrrp-script", IsBackground = true }.Start();
    }

    /// <summary>Whether it succeeds; null before its first end.</summary>
    public bool? IsUp => _state switch { Unknown => null, Down => false, _ => true };

    /// <inheritdoc/>
    public void Dispose() => _end.Cancel();

    private void Run()
    {
        while (!_end.IsCancellationRequested)
        {
            var next = Stopwatch.GetTimestamp() + (long)(_script.Interval.TotalSeconds * Stopwatch.Frequency);
            Note(Succeeds(out var how), how);
            var left = TimeSpan.FromSeconds(Math.Max(0, (next - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency));
            _end.Token.WaitHandle.WaitOne(left);
        }
    }

    private void Note(bool isGood, string how)
    {
        _result.Note(isGood);
        var state = _result.IsUp == true ? Up : Down;
        if (state == _state)
            return;
        var isFirst = _state == Unknown;
        _state = state;
        if (state == Down || !isFirst)
            _log(state == Up ? $"tracked script '{_script.Command}' succeeds" : $"warning: tracked script '{_script.Command}' {how}");
    }

    private bool Succeeds(out string how)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", _script.Command]))!;
            if (!process.WaitForExit(_script.Timeout))
            {
                process.Kill(entireProcessTree: true);
                how = $"did not end within {_script.Timeout.TotalSeconds} s";
                return false;
            }

            how = $"ended with status {process.ExitCode}";
            return process.ExitCode == 0;
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            how = $"cannot run: {error.Message}";
            return false;
        }
    }
}
