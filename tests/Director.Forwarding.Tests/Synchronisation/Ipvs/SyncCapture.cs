using Director.Forwarding.Tests.Engine;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>What a kernel's master sent, and what <c>ipvsadm -L -c -n</c> showed on its backup (tests/data/ipvs/sync*).</summary>
internal static class SyncCapture
{
    private const int FileHeader = 24;
    private const int RecordHeader = 16;
    private const int PacketHeaders = 14 + 20 + 8;

    /// <summary>The datagrams of a capture, in order.</summary>
    public static byte[][] Datagrams(string name)
    {
        var bytes = File.ReadAllBytes(Captured.File($"{name}.pcap"));
        var datagrams = new List<byte[]>();
        for (var at = FileHeader; at < bytes.Length;)
        {
            var length = BitConverter.ToInt32(bytes, at + 8);
            datagrams.Add(bytes[(at + RecordHeader + PacketHeaders)..(at + RecordHeader + length)]);
            at += RecordHeader + length;
        }

        Assert.True(datagrams.Count >= 2);
        return [.. datagrams];
    }

    /// <summary>The backup's connections, without the time left.</summary>
    /// <param name="name">The capture.</param>
    /// <param name="isAtTheEnd">After the held connections were closed.</param>
    public static string[] BackupConnections(string name, bool isAtTheEnd)
    {
        var lines = File.ReadAllLines(Captured.File($"{name}.txt"));
        var title = Array.FindIndex(lines, line => line.StartsWith("[bu]$ ipvsadm -L -c -n", StringComparison.Ordinal) && line.Contains("closed") == isAtTheEnd);
        return [.. lines.Skip(title + 3).TakeWhile(line => line.Length > 0).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(row => string.Join(' ', row[0], row[2], row[3], row[4], row[5])).Order()];
    }
}
