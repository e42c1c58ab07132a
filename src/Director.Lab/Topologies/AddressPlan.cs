namespace Director.Lab.Topologies;

/// <summary>The addresses of one family that every topology uses.</summary>
/// <param name="Outside">What addresses of the clients' LAN begin with.</param>
/// <param name="Inside">What addresses of the real servers' LAN begin with.</param>
/// <param name="PrefixLength">Of both LANs.</param>
/// <param name="HostPrefixLength">Of a single address.</param>
public sealed record AddressPlan(string Outside, string Inside, int PrefixLength, int HostPrefixLength)
{
    /// <summary>IPv4.</summary>
    public static AddressPlan IPv4 { get; } = new("192.168.50.", "10.1.0.", 24, 32);

    /// <summary>IPv6.</summary>
    public static AddressPlan IPv6 { get; } = new("fd00:50::", "fd00:10::", 64, 128);

    /// <summary>Both.</summary>
    public static IReadOnlyList<AddressPlan> Both { get; } = [IPv4, IPv6];

    /// <summary>Whether it is IPv6's.</summary>
    public bool IsIPv6 => this == IPv6;

    /// <summary>The last part of the director's address on either LAN.</summary>
    public const string Director = "1";

    /// <summary>The last part of a director's address on any LAN.</summary>
    /// <param name="number">From 1.</param>
    public static string DirectorOf(int number) => number == 1 ? Director : $"{200 + number}";

    /// <summary>The last part of the address that real servers route through where there are several directors: it moves with the VIP.</summary>
    public const string Gateway = "253";

    /// <summary>The last part of the observer's address.</summary>
    public const string Observer = "252";

    /// <summary>The last part of the VIP.</summary>
    public const string Vip = "100";

    /// <summary>The last part of the router's address on either LAN.</summary>
    public const string Router = "254";

    /// <summary>The last part of a client's address.</summary>
    /// <param name="number">From 0.</param>
    public static string Client(int number) => $"{2 + number}";

    /// <summary>The last part of a real server's address on either LAN.</summary>
    /// <param name="number">From 1.</param>
    public static string RealServer(int number) => $"{10 + number}";

    /// <summary>An address and port as a URL and the configuration write them.</summary>
    public string WithPort(string address, int port) => IsIPv6 ? $"[{address}]:{port}" : $"{address}:{port}";
}
