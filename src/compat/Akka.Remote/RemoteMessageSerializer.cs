using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace Akka.Remote;

/// <summary>The heartbeats of remote death watch.</summary>
internal sealed class RemoteMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override int Identifier => 18;

    public override string Manifest(object o) => o switch
    {
        RemoteWatcher.Heartbeat => "heartbeat",
        RemoteWatcher.HeartbeatRsp => "response",
        _ => throw new SerializationException($"{o?.GetType()} is none of remoting's messages"),
    };

    public override byte[] ToBinary(object obj)
    {
        using var fields = new FieldWriter(system.Serialization);
        return obj is RemoteWatcher.HeartbeatRsp response ? fields.Number(response.Uid).ToArray() : [];
    }

    public override object FromBinary(byte[] bytes, string manifest) => manifest switch
    {
        "heartbeat" => new RemoteWatcher.Heartbeat(),
        "response" => new RemoteWatcher.HeartbeatRsp((int)new FieldReader(system.Serialization, bytes).Number()),
        _ => throw new SerializationException($"no message is called '{manifest}'"),
    };
}
