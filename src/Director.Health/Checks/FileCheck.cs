using System.Globalization;
using System.Text;

namespace Director.Health.Checks;

/// <summary>
/// Whether a file on the director says that the real server is up: its first line is a number (keepalived's <c>FILE_CHECK</c>). Without <see cref="Dynamic"/> 0 is up and another number is down;
/// with it the number is the share of the weight in percent.
/// </summary>
public sealed record FileCheck(CheckTarget Target, string Path) : HealthCheck(Target)
{
    private const int LongestLine = 4096;

    /// <summary>Whether the number sets the weight.</summary>
    public bool Dynamic { get; init; }

    /// <inheritdoc/>
    public override string Type => "file";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        var buffer = new byte[LongestLine];
        int length;
        try
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, useAsync: true);
            length = await file.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return CheckAnswer.Fail($"{Path} is not there");
        }

        var line = Encoding.UTF8.GetString(buffer, 0, length).Split('\n')[0].Trim();
        if (!int.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return CheckAnswer.Fail($"{Path} says {Expectation.Shown(line)}, expected a number");
        }

        if (!Dynamic)
        {
            return number == 0 ? CheckAnswer.Pass($"{Path} says 0") : CheckAnswer.Fail($"{Path} says {number}");
        }

        return number is < 0 or > 100
            ? CheckAnswer.Fail($"{Path} says {number}, expected 0 to 100")
            : CheckAnswer.Pass($"{Path} says {number}") with { Percent = number };
    }
}
