using System.Data;
using System.Data.Common;
using System.Globalization;

namespace Director.Health.Checks;

/// <summary>Asks a database, until an answer comes: who asks cuts the connection.</summary>
internal static class Rows
{
    /// <summary>Runs a request and judges its first row.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="request">SQL; empty: nothing is run, and all is well.</param>
    /// <param name="receive">What the row must match, its columns separated by a space; empty matches all.</param>
    /// <param name="receiveNot">What it must not match; empty is none.</param>
    public static async Task<CheckAnswer> Judge(DbConnection connection, string request, string receive, string receiveNot)
    {
        if (request.Length == 0)
        {
            return CheckAnswer.Pass("logged in");
        }

        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The request is the operator's own SQL.
        command.CommandText = request;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SingleRow).ConfigureAwait(false);
        if (!await reader.ReadAsync().ConfigureAwait(false))
        {
            return CheckAnswer.Fail("no row in the answer");
        }

        var columns = Enumerable.Range(0, reader.FieldCount).Select(column => Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture));
        var row = string.Join(' ', columns);
        return Expectation.Judge(row, receive, receiveNot, $"answered {Expectation.Shown(row)}");
    }
}
