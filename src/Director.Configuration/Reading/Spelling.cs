namespace Director.Configuration.Reading;

/// <summary>Finds the word that was meant.</summary>
internal static class Spelling
{
    /// <summary>The candidate with the fewest letters inserted, left out, changed or swapped with their neighbour; the first of equals.</summary>
    public static string Nearest(string word, IEnumerable<string> candidates) => candidates.MinBy(c => Distance(word.Length > 64 ? word[..64] : word, c)) ?? "";

    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
