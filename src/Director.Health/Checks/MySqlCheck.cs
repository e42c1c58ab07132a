using System.Buffers.Binary;
using System.Data.Common;
using System.Net.Sockets;
using System.Text;
using MySqlConnector;

namespace Director.Health.Checks;

/// <summary>
/// Whether a MySQL or MariaDB server works (ldirectord's <c>mysql</c>). With a login: it lets the user in and answers the request with at least one row. Without: it greets, and is not full.
/// </summary>
public sealed record MySqlCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>User; empty: the greeting is enough.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password.</summary>
    public Secret Password { get; init; }

    /// <summary>Database that the request is for; empty is none.</summary>
    public string Database { get; init; } = "";

    /// <summary>SQL that has to give a row; empty: that the login is good is enough.</summary>
    public string Request { get; init; } = "";

    /// <summary>Regular expression that the first row has to match, its columns separated by a space; empty matches all.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that the first row must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <inheritdoc/>
    public override string Type => "mysql";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        if (Login.Length == 0)
        {
            return await Greeting(cancellation).ConfigureAwait(false);
        }

        using var relay = await Relay.Open(Target, cancellation).ConfigureAwait(false);
        var settings = new MySqlConnectionStringBuilder
        {
            Server = "127.0.0.1",
            Port = (uint)relay.Port,
            UserID = Login,
            Password = Password.Reveal(),
            Database = Database,
            Pooling = false,
            SslMode = MySqlSslMode.Preferred,
            // Without TLS, caching_sha2_password asks for the server's key.
            AllowPublicKeyRetrieval = true,
            AllowLoadLocalInfile = false,
            // The check's own timeout ends it, by cutting the relay.
            ConnectionTimeout = 0,
            DefaultCommandTimeout = 0,
        };
        try
        {
            await using var connection = new MySqlConnection(settings.ConnectionString);
            // Without the cancellation, on which the library would ask for more: the relay is cut.
#pragma warning disable CA2016
            await connection.OpenAsync().ConfigureAwait(false);
#pragma warning restore CA2016
            return await Rows.Judge(connection, Request, Receive, ReceiveNot).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return CheckAnswer.Fail((relay.IsOverrun, error) switch
            {
                (true, _) => Relay.Overrun,
                (_, MySqlException { ErrorCode: MySqlErrorCode.AccessDenied or MySqlErrorCode.DatabaseAccessDenied }) => $"login refused: {Shown(error.Message)}",
                (_, DbException) => Shown(CheckRun.InOneLine(error)),
                // The library stumbles over what is no MySQL in many ways.
                _ => "garbled answer",
            });
        }
    }

    private string Shown(string message) => Expectation.InLine(Password.HideIn(message));

    private async Task<CheckAnswer> Greeting(CancellationToken cancellation)
    {
        const int headerBytes = 4, protocol = 10, error = 0xFF, longestGreeting = 4096;
        using var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
        using var stream = new NetworkStream(socket);
        var header = new byte[headerBytes];
        await stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header) & 0xFFFFFF;
        if (length is 0 or > longestGreeting)
        {
            return CheckAnswer.Fail("garbled greeting");
        }

        var greeting = new byte[length];
        await stream.ReadExactlyAsync(greeting, cancellation).ConfigureAwait(false);
        // The server counts who hangs up on its greeting, and in the end refuses all from there: an orderly close does not help, but a reset is logged too.
        return greeting[0] switch
        {
            protocol when greeting.AsSpan(1).IndexOf((byte)0) is > 0 and var end => CheckAnswer.Pass($"greeted by {Expectation.InLine(Encoding.UTF8.GetString(greeting, 1, end))}"),
            error when length > 3 => CheckAnswer.Fail($"refused: {Expectation.InLine(Encoding.UTF8.GetString(greeting, 3, greeting.Length - 3))}"),
            _ => CheckAnswer.Fail("garbled greeting"),
        };
    }
}
