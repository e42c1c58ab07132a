using System.Reflection;
using System.Runtime.CompilerServices;
using Director.Forwarding.Links;
using Director.Forwarding.Synchronisation;

namespace Director.Forwarding.Engine;

/// <summary>
/// Has the packet path compiled before it is needed. A standby forwards nothing until it takes over, and would then meet each method for the first time while its links' buffers fill. A thread of its
/// own puts made-up frames through a <see cref="PracticePath"/>, again and again with pauses, because the runtime compiles a method in steps, and only while it has little else to compile.
/// </summary>
internal sealed class WarmUp : IDisposable
{
    private const int Times = 10;
    private const int RunsEachTime = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    /// <summary>What cannot be run without the host: compiled only.</summary>
    private static readonly Type[] OfHost =
        [typeof(ForwardingEngine), typeof(Worker), typeof(HandOverRing), typeof(PcapLink), typeof(PacketSocket), typeof(TunLink), typeof(PeerPort), typeof(GroupMembership), typeof(MacMembership)];

    private readonly bool _synchronises;
    private readonly Action<string> _log;
    private readonly ManualResetEventSlim _hasRun = new();
    private readonly ManualResetEventSlim _isStopping = new();
    private readonly Thread _thread;

    /// <summary>Begins.</summary>
    /// <param name="synchronises">Whether the engine tells other directors of its connections.</param>
    /// <param name="log">Takes a line for the operator.</param>
    public WarmUp(bool synchronises, Action<string> log)
    {
        _synchronises = synchronises;
        _log = log;
        _thread = new Thread(Run) { Name = "warm-up", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Waits until every method has been compiled once, but not for longer than this.</summary>
    /// <returns>Whether they have.</returns>
    public bool Wait(TimeSpan atMost) => _hasRun.Wait(atMost);

    private void Run()
    {
        try
        {
            using var path = new PracticePath(_synchronises);
            path.Run();
            foreach (var type in OfHost)
                Compile(type);
            _hasRun.Set();
            for (var time = 0; time < Times && !_isStopping.Wait(Pause); time++)
            {
                for (var run = 0; run < RunsEachTime && !_isStopping.IsSet; run++)
                    path.Run();
            }
        }
        catch (Exception error)
        {
            // A packet path that is not warm is slow at first, and works.
            _hasRun.Set();
            _log($"the packet path was not warmed up: {error.Message}");
        }
    }

    private static void Compile(Type type)
    {
        const BindingFlags own = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (var method in type.GetMethods(own))
        {
            if (!method.IsAbstract && !method.ContainsGenericParameters)
                RuntimeHelpers.PrepareMethod(method.MethodHandle);
        }

        foreach (var nested in type.GetNestedTypes(own).Where(nested => !nested.ContainsGenericParameters))
            Compile(nested);
    }

    /// <summary>Ends the thread and waits for it.</summary>
    public void Dispose()
    {
        _isStopping.Set();
        _thread.Join();
        _hasRun.Dispose();
        _isStopping.Dispose();
    }
}
