using System.Text;

namespace Director.Ipvsadm;

/// <summary>Splits a line of rules into arguments as a shell would: blanks separate, quotes and backslashes protect, <c>#</c> begins a comment.</summary>
internal static class RuleReader
{
    /// <summary>The arguments of a line, without a leading <c>ipvsadm</c>; none for an empty line.</summary>
    /// <exception cref="IpvsadmException">A quote is not closed.</exception>
    public static IReadOnlyList<string> Split(string line)
    {
        List<string> arguments = [];
        StringBuilder argument = new();
        bool isOpen = false;
        char quote = '\0';
        for (int at = 0; at < line.Length; at++)
        {
            char letter = line[at];
            if (quote != '\0')
            {
                if (letter == quote)
                    quote = '\0';
                else if (letter == '\\' && quote == '"' && at + 1 < line.Length)
                    argument.Append(line[++at]);
                else
                    argument.Append(letter);
            }
            else if (letter is '\'' or '"')
            {
                quote = letter;
                isOpen = true;
            }
            else if (letter == '\\' && at + 1 < line.Length)
            {
                argument.Append(line[++at]);
                isOpen = true;
            }
            else if (letter is ' ' or '\t' or '\r')
            {
                Close();
            }
            else if (letter == '#' && !isOpen)
            {
                break;
            }
            else
            {
                argument.Append(letter);
                isOpen = true;
            }
        }

        if (quote != '\0')
            throw IpvsadmException.Illegal($"unclosed {quote} in: {line}");
        Close();
        if (arguments.Count > 0 && Path.GetFileName(arguments[0]) == "ipvsadm")
            arguments.RemoveAt(0);
        return arguments;

        void Close()
        {
            if (isOpen)
                arguments.Add(argument.ToString());
            argument.Clear();
            isOpen = false;
        }
    }
}
