using System.Net.Sockets;
using System.Text;
using Director.Health.Paths;

namespace Director.Health.Checks;

/// <summary>Opens connections to what is checked, from where the check is to come from.</summary>
internal static class TcpConnection
{
    // <asm-generic/socket.h>
    private const int SolSocket = 1;
    private const int SoBindToDevice = 25;
    private const int SoMark = 36;

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">It was refused, or the interface or the own address is not there.</exception>
    public static async Task<Socket> Open(CheckTarget target, CancellationToken cancellation)
    {
        var socket = new Socket(target.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            Bind(socket, target);
            await socket.ConnectAsync(target.Address, target.Port, cancellation).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Binds a socket of any kind to the target's interface and source address, and to its way through the service.</summary>
    /// <exception cref="IOException">The interface is not there.</exception>
    /// <exception cref="InvalidOperationException">There is no way through the service.</exception>
    public static void Bind(Socket socket, CheckTarget target)
    {
        if (target.Through is { } path)
        {
            socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(DataPath.Mark(target.Address, path)));
        }

        if (target.Interface.Length > 0)
        {
            try
            {
                socket.SetRawSocketOption(SolSocket, SoBindToDevice, Encoding.ASCII.GetBytes(target.Interface + '\0'));
            }
            catch (SocketException)
            {
                throw new IOException($"interface {target.Interface} is not there or may not be used");
            }
        }

        if (target.Source is { } source)
        {
            socket.Bind(new System.Net.IPEndPoint(source, 0));
        }
    }
}
