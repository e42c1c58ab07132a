using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Director.Health.Checks;

/// <summary>
/// Whether a PostgreSQL server works (ldirectord's <c>pgsql</c>). With a login: it lets the user in and answers the request with at least one row. Without: it is ready to hear a password or to refuse
/// one, which one that starts, stops or is full is not.
/// </summary>
public sealed record PgSqlCheck(CheckTarget Target) : HealthCheck(Target)
{
    private const string AnyUser = "director", AnyDatabase = "postgres";

    /// <summary>User; empty: nobody logs in.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password.</summary>
    public Secret Password { get; init; }

    /// <summary>Database; empty is the one named like the user, or <c>postgres</c> without a login.</summary>
    public string Database { get; init; } = "";

    /// <summary>SQL that has to give a row; empty: that the login is good is enough.</summary>
    public string Request { get; init; } = "";

    /// <summary>Regular expression that the first row has to match, its columns separated by a space; empty matches all.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that the first row must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <inheritdoc/>
    public override string Type => "pgsql";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        if (Login.Length == 0)
        {
            return await Readiness(cancellation).ConfigureAwait(false);
        }

        using var relay = await Relay.Open(Target, cancellation).ConfigureAwait(false);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = relay.Port,
            Username = Login,
            Password = Password.Reveal(),
            Database = Database.Length > 0 ? Database : Login,
            ApplicationName = "director",
            Pooling = false,
            SslMode = SslMode.Prefer,
            GssEncryptionMode = GssEncryptionMode.Disable,
            // The check's own timeout ends it, by cutting the relay.
            Timeout = 0,
            CommandTimeout = 0,
        };
        try
        {
            var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
            // Nothing is asked but what the operator asks.
            builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
            await using var source = builder.Build();
            // Without the cancellation, on which the library would connect once more and wait: the relay is cut.
#pragma warning disable CA2016
            await using var connection = await source.OpenConnectionAsync().ConfigureAwait(false);
#pragma warning restore CA2016
            return await Rows.Judge(connection, Request, Receive, ReceiveNot).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return CheckAnswer.Fail((relay.IsOverrun, error) switch
            {
                (true, _) => Relay.Overrun,
                (_, PostgresException refusal) => Said(refusal.SqlState, refusal.MessageText),
                (_, NpgsqlException) => Expectation.InLine(Password.HideIn(CheckRun.InOneLine(error))),
                // The library stumbles over what is no PostgreSQL in many ways.
                _ => "garbled answer",
            });
        }
    }

    // Class 28 (invalid authorization) of the SQL states, appendix A of PostgreSQL's manual.
    private string Said(string state, string message) =>
        $"{(state.StartsWith("28", StringComparison.Ordinal) ? "login refused: " : "")}{Expectation.InLine(Password.HideIn(message))}";

    /// <summary>Says hello as a client does (chapter 'Frontend/Backend Protocol' of the manual) and judges how that is taken, as <c>pg_isready</c> does.</summary>
    private async Task<CheckAnswer> Readiness(CancellationToken cancellation)
    {
        const int headerBytes = 5, longestAnswer = 4096;
        using var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Hello(), cancellation).ConfigureAwait(false);
        var header = new byte[headerBytes];
        await stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4;
        if (header[0] is not ((byte)'R' or (byte)'E') || length is < 0 or > longestAnswer)
        {
            return CheckAnswer.Fail("garbled answer");
        }

        var body = new byte[length];
        await stream.ReadExactlyAsync(body, cancellation).ConfigureAwait(false);
        if (header[0] == 'R')
        {
            return CheckAnswer.Pass("ready");
        }

        var fields = Encoding.UTF8.GetString(body).Split('\0').Where(field => field.Length > 1).GroupBy(field => field[0]).ToDictionary(group => group.Key, group => group.First()[1..]);
        var state = fields.GetValueOrDefault('C', "");
        var message = Expectation.InLine(fields.GetValueOrDefault('M', ""));
        // 28: our user is none of its. 3D: nor our database. It works.
        return state.StartsWith("28", StringComparison.Ordinal) || state.StartsWith("3D", StringComparison.Ordinal) ? CheckAnswer.Pass($"ready: {message}") : CheckAnswer.Fail(message);
    }

    private byte[] Hello()
    {
        const int version = 3 << 16, lengthBytes = 4;
        var parameters = Encoding.UTF8.GetBytes($"user\0{AnyUser}\0database\0{(Database.Length > 0 ? Database : AnyDatabase)}\0\0");
        var hello = new byte[2 * lengthBytes + parameters.Length];
        BinaryPrimitives.WriteInt32BigEndian(hello, hello.Length);
        BinaryPrimitives.WriteInt32BigEndian(hello.AsSpan(lengthBytes), version);
        parameters.CopyTo(hello, 2 * lengthBytes);
        return hello;
    }
}
