import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** Sends its standard input to a TLS server on the loopback, as a client with the card's certificate. */
final class TlsClient {
    /** Usage: CONFIGURATION-OF-PROVIDER PIN PORT PROTOCOL ROOTS */
    public static void main(String[] arguments) throws Exception {
        Provider provider = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(provider);
        KeyStore card = KeyStore.getInstance("PKCS11", provider);
        card.load(null, arguments[1].toCharArray());
        // The token chooses by key type and issuer; a card has two certificates of one issuer.
        KeyManagerFactory keys = KeyManagerFactory.getInstance("NewSunX509");
        keys.init(card, null);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trusting(arguments[4]), null);
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

    /** Trust in the certificates of a PEM file. */
    private static TrustManager[] trusting(String file) throws Exception {
        KeyStore roots = KeyStore.getInstance("PKCS12");
        roots.load(null, null);
        try (InputStream in = new FileInputStream(file)) {
            for (Certificate root : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                roots.setCertificateEntry("root " + roots.size(), root);
            }
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(roots);
        return trust.getTrustManagers();
    }

    private TlsClient() {}
}
