using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using Akka.Configuration;

namespace Compat.Tests.AkkaRemote;

/// <summary>This assembly run as a program: a system of its own with an actor <c>/user/echo</c>, to be killed.</summary>
public static class EchoProgram
{
    public static async Task<int> Run(string port)
    {
        var system = ActorSystem.Create("other", ConfigurationFactory.ParseString($"akka.remote.loopback.port = {port}").WithFallback(RemoteTestKit.QuietRemoteConfig));
        system.ActorOf(Props.Create(() => new RemoteTestKit.Echo()), "echo");
        Console.WriteLine(((ExtendedActorSystem)system).Provider.DefaultAddress);

        // Ends with the test that started it.
        await Console.In.ReadToEndAsync();
        return 0;
    }
}

internal sealed class EchoProcess : IDisposable
{
    private readonly Process _process;

    private EchoProcess(Process process, Address address)
    {
        _process = process;
        Address = address;
    }

    public Address Address { get; }

    /// <summary>Starts one on a port, 0 for a free one, and waits until it listens.</summary>
    public static async Task<EchoProcess> Start(int port, TimeSpan patience)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(EchoProgram).Assembly.Location, "echo", port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(patience);
            return new EchoProcess(process, Address.Parse(line ?? throw new InvalidOperationException("the program ended before it listened")));
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>With SIGKILL.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
