"""A UPnP router on loopback: its description, its web service, and its answer to a search by multicast."""

from __future__ import annotations

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.interop.processes import until

WAN = "urn:schemas-upnp-org:service:WANIPConnection:1"

DESCRIPTION = f"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><friendlyName>igd</friendlyName>
<manufacturer>m</manufacturer><modelName>n</modelName><UDN>uuid:1</UDN><deviceList>
<device><deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><UDN>uuid:2</UDN><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>
<serviceId>urn:upnp-org:serviceId:WANCommonIFC1</serviceId><controlURL>/common</controlURL>
<eventSubURL>/e</eventSubURL><SCPDURL>/common.xml</SCPDURL></service></serviceList><deviceList>
<device><deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><UDN>uuid:3</UDN><serviceList>
<service><serviceType>{WAN}</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
<controlURL>/wan</controlURL><eventSubURL>/e</eventSubURL><SCPDURL>/wan.xml</SCPDURL></service></serviceList></device>
</deviceList></device></deviceList></device></root>"""

ENVELOPE = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>{}</s:Body></s:Envelope>'
)
GROUP = ("239.255.255.250", 1900)

PATIENCE = 30.0
"""Seconds for another test's search to end."""


class Igd:
    """Use it in a `with`. `taken`: external ports of others. `permanent_only`: it knows no lease that ends."""

    def __init__(self) -> None:
        self.mapped: dict[tuple[int, str], tuple[str, int, int]] = {}
        """(external port, protocol) -> (client, port, lease)"""
        self.taken: set[int] = set()
        self.permanent_only = False
        self.address = "9.9.9.9"
        igd = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(200, DESCRIPTION)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                action = self.headers["SOAPAction"].strip('"').partition("#")[2]
                self._reply(*igd.act(action, dict(re.findall(r"<(New\w+)>([^<]*)</", body))))

            def _reply(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args: Any) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/root.xml"

    def act(self, action: str, given: dict[str, str]) -> tuple[int, str]:
        """Status and body."""
        key = int(given.get("NewExternalPort", 0)), given.get("NewProtocol", "")
        values = {}
        if action == "GetStatusInfo":
            values = {"NewConnectionStatus": "Connected", "NewLastConnectionError": "", "NewUptime": "9"}
        elif action == "GetExternalIPAddress":
            values = {"NewExternalIPAddress": self.address}
        elif action == "AddPortMapping":
            lease = int(given["NewLeaseDuration"])
            if key[0] in self.taken:
                return 500, _fault(718, "ConflictInMappingEntry")
            if lease and self.permanent_only:
                return 500, _fault(725, "OnlyPermanentLeasesSupported")
            self.mapped[key] = given["NewInternalClient"], int(given["NewInternalPort"]), lease
        elif action == "DeletePortMapping":
            if self.mapped.pop(key, None) is None:
                return 500, _fault(714, "NoSuchEntryInArray")
        else:
            return 500, _fault(401, "Invalid Action")
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
        return 200, ENVELOPE.format(f'<u:{action}Response xmlns:u="{WAN}">{inner}</u:{action}Response>')

    def __enter__(self) -> Igd:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _fault(code: int, words: str) -> str:
    return ENVELOPE.format(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
        f'<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{code}</errorCode>'
        f"<errorDescription>{words}</errorDescription></UPnPError></detail></s:Fault>"
    )


class Search:
    """Answers searches that come from 127.0.0.1, as the router at `igd`. There is one at a time on a machine, because
    all searches on loopback are heard by all."""

    def __init__(self, igd: Igd) -> None:
        self._igd = igd
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        until(self._bind, "the port of UPnP's searches is free", PATIENCE)
        member = socket.inet_aton(GROUP[0]) + socket.inet_aton("127.0.0.1")
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._socket.settimeout(0.05)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)

    def _bind(self) -> bool:
        try:
            self._socket.bind(GROUP)
        except OSError:
            return False
        return True

    def _answer(self) -> None:
        while not self._over.is_set():
            try:
                data, source = self._socket.recvfrom(2000)
            except TimeoutError:
                continue
            kind = re.search(rb"\nST: *(\S+)", data)
            if source[0] == "127.0.0.1" and kind and b"InternetGatewayDevice:1" in kind[1]:
                answer = (
                    "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\n"
                    f"LOCATION: {self._igd.url}\r\nST: {kind[1].decode()}\r\nUSN: uuid:1::{kind[1].decode()}\r\n\r\n"
                )
                self._socket.sendto(answer.encode(), source)

    def __enter__(self) -> Search:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()
