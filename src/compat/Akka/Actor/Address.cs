using System.Globalization;

namespace Akka.Actor;

/// <summary>Where an actor system is: <c>akka://system</c>, or <c>akka.tcp://system@host:port</c> for one that can be reached from elsewhere.</summary>
public sealed class Address : IEquatable<Address>, IComparable<Address>
{
    public Address(string protocol, string system, string host = null, int? port = null)
    {
        Protocol = protocol;
        System = system;
        Host = host?.ToLowerInvariant();
        Port = port;
    }

    public string Host { get; }

    public int? Port { get; }

    public string System { get; }

    public string Protocol { get; }

    public bool HasLocalScope => string.IsNullOrEmpty(Host);

    public bool HasGlobalScope => !HasLocalScope;

    public Address WithProtocol(string protocol) => new(protocol, System, Host, Port);

    public Address WithSystem(string system) => new(Protocol, system, Host, Port);

    public Address WithHost(string host = null) => new(Protocol, System, host, Port);

    public Address WithPort(int? port = null) => new(Protocol, System, Host, port);

    public string HostPort() => ToString()[(Protocol.Length + 3)..];

    public static Address Parse(string address) =>
        TryParse(address, out var result) ? result : throw new UriFormatException($"'{address}' is not an address: protocol://system or protocol://system@host:port is expected");

    public static bool TryParse(string path, out Address address) => TryParse(path, out address, out _);

    public static bool TryParse(string path, out Address address, out string absolutUri)
    {
        address = null;
        absolutUri = null;
        var afterProtocol = path?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        if (afterProtocol <= 0)
        {
            return false;
        }

        var rest = path[(afterProtocol + 3)..];
        var slash = rest.IndexOf('/');
        var authority = slash < 0 ? rest : rest[..slash];
        absolutUri = slash < 0 ? "/" : rest[slash..];
        var protocol = path[..afterProtocol];
        var at = authority.IndexOf('@');
        if (at < 0)
        {
            address = authority.Length == 0 || authority.Contains(':') ? null : new Address(protocol, authority);
            return address is not null;
        }

        var colon = authority.LastIndexOf(':');
        if (at == 0 || colon < at + 2 || !ushort.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        address = new Address(protocol, authority[..at], authority[(at + 1)..colon], port);
        return true;
    }

    public int CompareTo(Address other) => other is null ? 1 : string.CompareOrdinal(ToString(), other.ToString());

    public bool Equals(Address other) =>
        other is not null && Port == other.Port && Host == other.Host && System == other.System && Protocol == other.Protocol;

    public override bool Equals(object obj) => Equals(obj as Address);

    public override int GetHashCode() => HashCode.Combine(Host, Port, System, Protocol);

    public override string ToString() => HasLocalScope ? $"{Protocol}://{System}" : $"{Protocol}://{System}@{Host}:{Port}";

    public static bool operator ==(Address left, Address right) => Equals(left, right);

    public static bool operator !=(Address left, Address right) => !Equals(left, right);
}
