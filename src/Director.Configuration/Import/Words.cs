using System.Text;

namespace Director.Configuration.Import;

/// <summary>Splits a line into words as a shell does.</summary>
internal static class Words
{
    /// <summary>Blanks separate, quotes and backslashes protect, <c>#</c> begins a comment.</summary>
    /// <returns>Null if a quote is not closed.</returns>
    public static List<string>? Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isOpen = false;
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\\' && quote != '\'' && i + 1 < line.Length)
            {
                word.Append(line[++i]);
                isOpen = true;
            }
            else if (quote != '\0' ? c == quote : c is '"' or '\'')
            {
                quote = quote == '\0' ? c : '\0';
                isOpen = true;
            }
            else if (quote == '\0' && (char.IsWhiteSpace(c) || (c == '#' && !isOpen)))
            {
                Close();
                if (c == '#')
                {
                    break;
                }
            }
            else
            {
                word.Append(c);
                isOpen = true;
            }
        }

        Close();
        return quote == '\0' ? words : null;

        void Close()
        {
            if (isOpen)
            {
                words.Add(word.ToString());
            }

            word.Clear();
            isOpen = false;
        }
    }
}
