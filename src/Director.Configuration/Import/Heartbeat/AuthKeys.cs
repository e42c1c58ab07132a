using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Director.Configuration.Documents;

namespace Director.Configuration.Import.Heartbeat;

/// <summary><c>authkeys</c>: <c>auth N</c> names the key in use, <c>N METHOD KEY</c> gives it. No message shows a key.</summary>
internal sealed class AuthKeys(ImportContext context)
{
    private const int ShortestKey = 16;

    public void Import(ImportedFile file)
    {
        var keys = new Dictionary<int, (string Method, string Key, Location At)>();
        (int Number, Location At)? used = null;
        var isWrong = false;
        var lines = file.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var at = new Location(file.Name, i + 1);
            var words = lines[i].Split('#')[0].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            if (words is ["auth", var which])
            {
                used = int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out var chosen) ? (chosen, at) : null;
                if (used is null)
                {
                    isWrong = true;
                    context.Findings.Error(at, $"auth {which}", "is no number of a key; auth 1 is right");
                }
            }
            else if (words.Length is 2 or 3 && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && words[1] is "sha1" or "md5" or "crc")
            {
                keys[number] = (words[1], words.Length == 3 ? words[2] : "", at);
            }
            else
            {
                isWrong = true;
                context.Findings.Error(at, words[0], "is no line of authkeys; auth NUMBER or NUMBER sha1 KEY is right");
            }
        }

        if (isWrong)
        {
            return;
        }

        if (used is not var (wanted, place))
        {
            context.Findings.Error(new(file.Name, 0), "", "names no key in use; a line such as auth 1 is right");
        }
        else if (!keys.TryGetValue(wanted, out var key))
        {
            context.Findings.Error(place, $"auth {wanted}", $"names a key that is not there; add a line {wanted} sha1 KEY");
        }
        else
        {
            Write(key.Method, key.Key, key.At);
        }
    }

    private void Write(string method, string key, Location at)
    {
        var cluster = context.Director.Section("cluster", at);
        if (key.Length == 0)
        {
            context.Findings.NoCounterpart(at, method, "is no secret, and a director hears no other without one: write cluster.key-file = PATH, the same on every director");
        }
        else if (Encoding.UTF8.GetByteCount(key) >= ShortestKey)
        {
            cluster.Text("key", key, at, "or key-file = PATH, for a file that only root can read");
        }
        else
        {
            cluster.Text("key", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))), at, $"SHA-256 of the key in {at}, which is too short here");
            context.Findings.NoCounterpart(
                at, method, $"has a key of fewer than {ShortestKey} bytes; its SHA-256 stands in for it and is as easily guessed: better make another, 'head -c 32 /dev/urandom | base64'");
        }
    }
}
