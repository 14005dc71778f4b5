import java.io.InputStream;
import java.io.OutputStream;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Sends its standard input to a TLS server on the loopback, as a client with the card's certificate. */
final class TlsClient {
    /** Usage: CONFIGURATION-OF-PROVIDER PIN PORT PROTOCOL */
    public static void main(String[] arguments) throws Exception {
        Provider provider = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(provider);
        KeyStore card = KeyStore.getInstance("PKCS11", provider);
        card.load(null, arguments[1].toCharArray());
        // The token chooses by key type and issuer; a card has two certificates of one issuer.
        KeyManagerFactory keys = KeyManagerFactory.getInstance("NewSunX509");
        keys.init(card, null);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        int port = Integer.parseInt(arguments[2]);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
            socket.setEnabledProtocols(new String[] {arguments[3]});
            socket.startHandshake();
            System.out.println(socket.getSession().getProtocol() + " " + socket.getSession().getCipherSuite());
            OutputStream out = socket.getOutputStream();
            InputStream in = System.in;
            byte[] buffer = new byte[4096];
            for (int count; (count = in.read(buffer)) > 0; out.flush()) {
                out.write(buffer, 0, count);
            }
        }
    }

    private TlsClient() {}
}
