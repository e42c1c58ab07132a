using System.Net.Sockets;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>The thread that takes what a kernel, or another director in its words, tells of.</summary>
internal sealed class IpvsBackup : IDisposable
{
    private const int PatienceMicroseconds = 50_000;
    private const int LargestDatagram = 65_535;

    private readonly IpvsReception _reception;
    private readonly Socket _socket;
    private readonly Action<string> _log;
    private readonly byte[] _datagram = new byte[LargestDatagram];
    private readonly Thread _thread;
    private volatile bool _isStopping;

    /// <summary>Begins.</summary>
    /// <param name="reception">Takes datagrams.</param>
    /// <param name="socket">Where they come in; disposed of.</param>
    /// <param name="log">Takes a line for the operator.</param>
    public IpvsBackup(IpvsReception reception, Socket socket, Action<string> log)
    {
        _reception = reception;
        _socket = socket;
        _log = log;
        _thread = new Thread(Run) { Name = "ipvs-backup", IsBackground = true };
        _thread.Start();
    }

    private void Run()
    {
        while (!_isStopping)
        {
            try
            {
                if (_socket.Poll(PatienceMicroseconds, SelectMode.SelectRead))
                    Take();
            }
            catch (Exception error)
            {
                // Whatever it runs into, the director goes on forwarding.
                _log($"synchronisation.ipvs: {error.Message}");
                Thread.Sleep(PatienceMicroseconds / 1000);
            }
        }
    }

    private void Take()
    {
        var length = _socket.Receive(_datagram, SocketFlags.None, out var error);
        if (error == SocketError.Success)
            _reception.Take(_datagram.AsSpan(0, length));
        else if (error is not (SocketError.WouldBlock or SocketError.TimedOut))
            Thread.Sleep(PatienceMicroseconds / 1000);
    }

    /// <summary>Ends the thread and waits for it.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _thread.Join();
        _socket.Dispose();
    }
}
