using System.Text;

namespace Director.Configuration.Documents;

/// <summary>The text of a configuration file, with <c>\n</c> as its only line end.</summary>
internal sealed class SourceFile
{
    /// <summary>A configuration is small; more is a mistake (a log, a device) and not worth reading.</summary>
    public const int LimitBytes = 1 << 20;

    private readonly List<int> _lineStarts = [0];

    private SourceFile(string name, string text)
    {
        Name = name;
        Text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        for (var i = Text.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = Text.IndexOf('\n', i + 1))
        {
            _lineStarts.Add(i + 1);
        }
    }

    /// <summary>What errors call it.</summary>
    public string Name { get; }

    public string Text { get; }

    public Location At(int offset)
    {
        var line = _lineStarts.BinarySearch(offset);
        return new(Name, line >= 0 ? line + 1 : ~line);
    }

    /// <exception cref="DocumentException">It is too long.</exception>
    public static SourceFile Of(string name, string text) =>
        text.Length <= LimitBytes ? new SourceFile(name, text)
            : throw new DocumentException(new(name, 0), $"is longer than {LimitBytes} bytes; a configuration is not");

    /// <exception cref="DocumentException">There is no such file, or it cannot be read, or it is no text.</exception>
    public static SourceFile Load(string path)
    {
        var whole = new Location(path, 0);
        try
        {
            if (Directory.Exists(path))
            {
                throw new DocumentException(whole, "is a directory; name a HOCON file");
            }

            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[LimitBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > LimitBytes)
            {
                throw new DocumentException(whole, $"is longer than {LimitBytes} bytes; a configuration is not");
            }

            var text = bytes.AsSpan(0, length);
            return new SourceFile(path, new UTF8Encoding(false, true).GetString(text.StartsWith("\ufeff"u8) ? text[3..] : text));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DocumentException(whole, "does not exist; name a HOCON file");
        }
        catch (UnauthorizedAccessException)
        {
            throw new DocumentException(whole, "may not be read by this user; change its mode or run as its owner");
        }
        catch (Exception e) when (e is IOException or NotSupportedException or ArgumentException and not DecoderFallbackException)
        {
            throw new DocumentException(whole, $"cannot be read: {Shown.Line(e.Message)}");
        }
        catch (DecoderFallbackException)
        {
            throw new DocumentException(whole, "is not UTF-8; save it as UTF-8");
        }
    }
}
