using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Director.Forwarding.Routing;

/// <summary>Wakes a thread that waits in poll(2) (eventfd(2)).</summary>
internal sealed unsafe partial class EventDescriptor : IDisposable
{
    private readonly int _descriptor;

    /// <summary>Opens it.</summary>
    public EventDescriptor()
    {
        const int CloseOnExec = 0x80000, NonBlocking = 0x800;
        _descriptor = eventfd(0, CloseOnExec | NonBlocking);
        if (_descriptor < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>For poll(2): readable from <see cref="Set"/> to <see cref="Clear"/>.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Wakes. Any thread.</summary>
    public void Set()
    {
        var one = 1UL;
        _ = write(_descriptor, &one, sizeof(ulong));
    }

    /// <summary>Makes ready to sleep again.</summary>
    public void Clear()
    {
        ulong count;
        _ = read(_descriptor, &count, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _ = close(_descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, void* bytes, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, void* bytes, nuint length);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}
