using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Director.Forwarding;

namespace Director.Control;

/// <summary>A value that is one string in JSON.</summary>
internal abstract class TextConverter<T> : JsonConverter<T>
{
    protected abstract bool TryParse(string text, out T value);

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString()!, out T value) ? value : throw new JsonException($"not a {typeof(T).Name}");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value!.ToString());
}

internal sealed class AddressConverter : TextConverter<IPAddress>
{
    protected override bool TryParse(string text, out IPAddress value) => IPAddress.TryParse(text, out value!);
}

internal sealed class EndpointConverter : TextConverter<IPEndPoint>
{
    protected override bool TryParse(string text, out IPEndPoint value) => IPEndPoint.TryParse(text, out value!);
}

internal sealed class NetworkConverter : TextConverter<IPNetwork>
{
    protected override bool TryParse(string text, out IPNetwork value) => IPNetwork.TryParse(text, out value);
}

// As ServiceKey.ToString writes it: "TCP 10.0.0.1:80", "UDP [fd00::1]:53", "FWM 1", "FWM 1 IPv6".
internal sealed class ServiceKeyConverter : TextConverter<ServiceKey>
{
    protected override bool TryParse(string text, out ServiceKey value)
    {
        value = default;
        switch (text.Split(' '))
        {
            case ["FWM", var number, .. ([] or ["IPv6"]) and var family] when uint.TryParse(number, out uint mark) && mark > 0:
                value = ServiceKey.ForMark(mark, family.Length == 1);
                return true;
            case [("TCP" or "UDP") and var protocol, var address] when IPEndPoint.TryParse(address, out IPEndPoint? endpoint):
                value = ServiceKey.ForAddress(protocol == "TCP" ? Protocol.Tcp : Protocol.Udp, endpoint.Address, (ushort)endpoint.Port);
                return true;
            default:
                return false;
        }
    }
}
