using System.Net;
using System.Text.Json.Serialization;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>A change of the table in force, as <c>ipvsadm</c> asks for it; see <see cref="TableEditor"/>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "edit")]
[JsonDerivedType(typeof(AddService), "add-service")]
[JsonDerivedType(typeof(EditService), "edit-service")]
[JsonDerivedType(typeof(DeleteService), "delete-service")]
[JsonDerivedType(typeof(ClearServices), "clear-services")]
[JsonDerivedType(typeof(AddServer), "add-server")]
[JsonDerivedType(typeof(EditServer), "edit-server")]
[JsonDerivedType(typeof(DeleteServer), "delete-server")]
[JsonDerivedType(typeof(SetTimeouts), "set-timeouts")]
public abstract record TableEdit;

/// <summary><c>-A</c>: adds a service.</summary>
/// <param name="Service">The service, without real servers.</param>
public sealed record AddService(VirtualServiceSpec Service) : TableEdit;

/// <summary><c>-E</c>: gives a service another scheduler, persistence and flags; its real servers, name and access list stay.</summary>
/// <param name="Service">The service, without real servers.</param>
public sealed record EditService(VirtualServiceSpec Service) : TableEdit;

/// <summary><c>-D</c>: deletes a service.</summary>
/// <param name="Service">The service.</param>
public sealed record DeleteService(ServiceKey Service) : TableEdit;

/// <summary><c>-C</c>: deletes all services.</summary>
public sealed record ClearServices : TableEdit;

/// <summary><c>-a</c>: adds a real server.</summary>
/// <param name="Service">Its service.</param>
/// <param name="Server">The real server.</param>
public sealed record AddServer(ServiceKey Service, RealServerSpec Server) : TableEdit;

/// <summary><c>-e</c>: replaces what is set for a real server.</summary>
/// <param name="Service">Its service.</param>
/// <param name="Server">The real server; found by address and port.</param>
public sealed record EditServer(ServiceKey Service, RealServerSpec Server) : TableEdit;

/// <summary><c>-d</c>: deletes a real server.</summary>
/// <param name="Service">Its service.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
public sealed record DeleteServer(ServiceKey Service, IPAddress Address, ushort Port) : TableEdit;

/// <summary><c>--set</c>: sets idle timeouts in seconds, each 0 to 2,678,400; 0 leaves one as it is.</summary>
/// <param name="Tcp">TCP, established.</param>
/// <param name="TcpFin">TCP after a FIN.</param>
/// <param name="Udp">UDP.</param>
public sealed record SetTimeouts(int Tcp, int TcpFin, int Udp) : TableEdit;
